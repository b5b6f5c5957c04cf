import type { Row } from "./row.ts";

const gone = "docker rmi -f b$ID >/dev/null";

export const BUILD_ROWS: readonly Row[] = [
  {
    title: "build, and what was built",
    sh: `printf 'FROM busybox:test\\nARG V=1\\nENV A=b\\nWORKDIR /w\\nCOPY f sub/\\nRUN echo $V > v && ls > l\\nUSER builder\\nLABEL k=v\\nEXPOSE 80\\nENTRYPOINT ["cat"]\\nCMD ["v","l","sub/f"]\\n' > Dockerfile; echo text > f
      docker build -t b$ID --build-arg V=2 --label x=y . | tail -1 | sed s/$ID/ID/; docker run --rm b$ID
      docker image inspect -f '{{.Config.User}} {{.Config.WorkingDir}} {{.Config.Labels.k}} {{.Config.Labels.x}} {{json .Config.ExposedPorts}}' b$ID; ${gone}`,
    out: 'Successfully tagged bID:latest\n2\nl\nsub\nv\ntext\nbuilder /w v y {"80/tcp":{}}',
  },
  {
    title: "the second build comes from the cache",
    sh: `printf 'FROM busybox:test\\nRUN echo $RANDOM '$ID' > /r\\n' > Dockerfile; docker build -t b$ID . >/dev/null; docker build -t b$ID . | grep -c 'Using cache'; docker build --no-cache -t b$ID . | grep -c 'Using cache'; ${gone}`,
    code: 0,
    out: "1\n0",
  },
  {
    title: "a step's output and failure",
    sh: "printf 'FROM busybox:test\\nRUN echo seen && exit 42\\n' > Dockerfile; docker build .",
    code: 42,
    out: /seen/,
    err: /returned a non-zero code: 42/,
  },
  { title: "a Dockerfile that is wrong", sh: "printf 'FROM busybox:test\\nBOGUS\\n' > Dockerfile; docker build .", code: 1, err: /BOGUS/ },
  { title: "a base that is not there", sh: "printf 'FROM nonesuch:x\\n' > Dockerfile; docker build .", code: 1 },
  { title: "a file that is not there", sh: "printf 'FROM busybox:test\\nCOPY nonesuch /\\n' > Dockerfile; docker build .", code: 1, err: /nonesuch/ },
  {
    title: "stages, --target, COPY --from",
    sh: `printf 'FROM busybox:test AS one\\nRUN echo 1 > /f\\nFROM busybox:test AS two\\nCOPY --from=one /f /g\\nRUN echo 2 >> /g\\nFROM two\\nRUN exit 1\\n' > Dockerfile; docker build -t b$ID --target two . >/dev/null; docker run --rm b$ID cat /g; ${gone}`,
    out: "1\n2",
  },
  {
    title: ".dockerignore",
    sh: `printf 'secret*\\n!secret-not\\n' > .dockerignore; touch secret secret-not open; printf 'FROM busybox:test\\nCOPY . /c/\\n' > Dockerfile; docker build -t b$ID . >/dev/null; docker run --rm b$ID ls /c; ${gone}`,
    out: /^Dockerfile\nopen\nsecret-not$/,
  },
  {
    title: "a Dockerfile from stdin",
    sh: `printf 'FROM busybox:test\\nRUN echo x > /f\\n' | docker build -t b$ID - >/dev/null; docker run --rm b$ID cat /f; ${gone}`,
    out: "x",
  },
  {
    title: "-f, and a compressed context",
    sh: `mkdir d; printf 'FROM busybox:test\\nCOPY d/D /\\n' > d/D; docker build --compress -t b$ID -f d/D . >/dev/null; docker run --rm b$ID ls /D; ${gone}`,
    out: "/D",
  },
  {
    title: "-q says the id",
    sh: `printf 'FROM busybox:test\\nENV X='$ID'\\n' > Dockerfile; docker build -q . | sed 's/[0-9a-f]\\{64\\}/HEX/'; docker image prune -f >/dev/null`,
    out: "sha256:HEX",
  },
  {
    title: "steps have the network unless told otherwise",
    sh: `printf 'FROM busybox:test\\nRUN ls /sys/class/net | xargs\\n' > Dockerfile; docker build . | grep -xE 'eth0 lo|lo eth0'; docker build --no-cache --network none . | grep -x lo; docker image prune -f >/dev/null`,
    out: /^(eth0 lo|lo eth0)\nlo$/,
  },
];
