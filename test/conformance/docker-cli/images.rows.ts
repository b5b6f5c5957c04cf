import type { Row } from "./row.ts";

/** A second image, so that the shared one stays as it is. */
const made =
  "docker create --name $ID $IMAGE >/dev/null; docker export $ID > root.tar; docker rm $ID >/dev/null; docker import -c 'CMD [\"echo\",\"hi\"]' -c 'ENV A=b' -m words root.tar i$ID:1 >/dev/null;";
const gone = "docker rmi -f i$ID:1 >/dev/null";

export const IMAGE_ROWS: readonly Row[] = [
  { title: "images lists", sh: "docker images --format '{{.Repository}}:{{.Tag}} {{.ID}} {{.Size}}' $IMAGE", out: /^busybox:test [0-9a-f]{12} \d+(\.\d+)?MB$/ },
  {
    title: "images: quiet, filtered, none",
    sh: "docker images -q --no-trunc $IMAGE | cut -c1-7; docker images -q --filter reference='busy*:test' | wc -l; docker images -q nonesuch; docker images -q --filter dangling=true | wc -l",
    out: "sha256:\n1\n0",
  },
  {
    title: "import, run, inspect, history",
    sh: `${made} docker run --rm i$ID:1; docker image inspect -f '{{json .Config.Env}} {{.Os}} {{.Architecture}} {{len .RootFS.Layers}} {{.Comment}}' i$ID:1; docker history --format '{{.Comment}}' i$ID:1; ${gone}`,
    out: /^hi\n\["A=b"\] linux \S+ 1 words\nwords$/,
  },
  {
    title: "import from stdin",
    sh: `${made} docker import - i$ID:2 < root.tar | cut -c1-7; docker rmi i$ID:2 >/dev/null; gzip root.tar; docker import root.tar.gz i$ID:2 | cut -c1-7; docker rmi i$ID:2 >/dev/null; ${gone}`,
    out: "sha256:\nsha256:",
  },
  {
    title: "tag and rmi",
    sh: `${made} docker tag i$ID:1 reg.test:5000/a/b:c; docker rmi reg.test:5000/a/b:c | head -1; docker rmi i$ID:1 | sed 's/[0-9a-f]\\{64\\}/HEX/;s/'$ID'/ID/' | sort -u; docker images -q i$ID`,
    out: "Untagged: reg.test:5000/a/b:c\nDeleted: sha256:HEX\nUntagged: iID:1",
  },
  {
    title: "save and load keep the id",
    sh: `${made} a=$(docker image inspect -f '{{.Id}}' i$ID:1); docker save i$ID:1 > s.tar; docker save i$ID:1 | cmp - s.tar; docker rmi i$ID:1 >/dev/null; docker load -i s.tar | sed s/$ID/ID/; test $a = $(docker image inspect -f '{{.Id}}' i$ID:1) && echo same; ${gone}`,
    out: "Loaded image: iID:1\nsame",
  },
  {
    title: "load of a gzip archive",
    sh: `${made} docker save i$ID:1 | gzip -1 > s.tgz; docker rmi i$ID:1 >/dev/null; docker load < s.tgz | sed s/$ID/ID/; ${gone}`,
    out: "Loaded image: iID:1",
  },
  {
    title: "save writes both manifests",
    sh: `${made} docker save i$ID:1 | tar -t | grep -xE 'manifest.json|oci-layout|index.json' | sort; ${gone}`,
    out: /^(index\.json\n)?manifest\.json(\noci-layout)?$/,
  },
  { title: "save of two", sh: `${made} docker save i$ID:1 $IMAGE | tar -xO manifest.json | grep -o RepoTags | wc -l; ${gone}`, out: "2" },
  { title: "save of what is not there", sh: "docker save nonesuch:x > /dev/null", code: 1, err: /No such image|reference does not exist/i },
  { title: "load of garbage", sh: "echo garbage | docker load", code: 1 },
  {
    title: "rmi of what is in use is refused",
    sh: `${made} docker create --name $ID i$ID:1 >/dev/null; docker rmi i$ID:1; c=$?; docker rm $ID >/dev/null; ${gone}; exit $c`,
    code: 1,
    err: /is using|in use/,
  },
  { title: "rmi of what is not there", sh: "docker rmi nonesuch:x", code: 1, err: /No such image/ },
  {
    title: "image prune",
    sh: `${made} docker import -c 'LABEL p='$ID root.tar i$ID:1 >/dev/null; docker import -c 'LABEL p=other' root.tar i$ID:1 >/dev/null; docker image prune -f --filter label=p=$ID | grep -ci deleted; ${gone}`,
    out: /^[1-9]$/,
  },
  { title: "pull is refused in words", sh: "docker pull nonesuch:x", code: 1 },
];
