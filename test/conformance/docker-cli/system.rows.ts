import type { Row } from "./row.ts";

export const SYSTEM_ROWS: readonly Row[] = [
  {
    title: "version",
    sh: "docker version --format '{{.Server.Os}} {{.Server.APIVersion}} {{.Server.Version}}'; docker version >/dev/null",
    out: /^linux 1\.\d+ \S+$/,
  },
  { title: "info", sh: "docker info --format '{{.OSType}} {{.Swarm.LocalNodeState}} {{.ServerVersion}}'; docker info >/dev/null", out: /^linux inactive \S+$/ },
  {
    title: "events tell a container's life",
    sh: "t=$(date +%s); docker run --rm --name $ID $IMAGE true; docker events --since $t --until $(($(date +%s)+1)) --filter container=$ID --filter event=create --filter event=start --filter event=die --filter event=destroy --format '{{.Action}}'",
    out: "create\nstart\ndie\ndestroy",
  },
  {
    title: "events come as they happen",
    sh: "timeout 50 docker events --filter type=volume --format '{{.Type}} {{.Action}} {{.Actor.ID}}' > e & p=$!; until grep -q create e; do docker volume create $ID >/dev/null; docker volume rm $ID >/dev/null; sleep 0.2; done; kill $p; grep -m1 -o \"volume create $ID\" e | sed s/$ID/ID/",
    out: "volume create ID",
  },
  {
    title: "system df",
    sh: "docker system df --format '{{.Type}} {{.TotalCount}}'; docker system df -v >/dev/null",
    out: /^Images [1-9]\d*\nContainers \d+\nLocal Volumes \d+\nBuild Cache \d+$/,
  },
  {
    title: "network create, ls, inspect, rm",
    sh: "docker network create --label k=v $ID >/dev/null; docker network ls --filter name=$ID --format '{{.Driver}} {{.Scope}}'; docker network inspect -f '{{.Labels.k}} {{len .IPAM.Config}} {{.Internal}}' $ID; docker network rm $ID >/dev/null; docker network ls -q --filter name=$ID",
    out: "bridge local\nv 1 false",
  },
  {
    title: "network with a subnet",
    sh: "docker network create --subnet 10.211.7.0/24 --gateway 10.211.7.1 $ID >/dev/null; docker run --rm --network $ID $IMAGE ip -4 -o addr show eth0 | grep -o 'inet 10.211.7.[0-9]*/24' | cut -d. -f1-3; docker network rm $ID >/dev/null",
    out: "inet 10.211.7",
  },
  {
    title: "containers of a network know each other by name",
    sh: "docker network create $ID >/dev/null; docker run -d --name c$ID --network $ID --network-alias al$ID $IMAGE sleep 100 >/dev/null; docker run --rm --network $ID $IMAGE sh -c \"ping -c1 -W2 c$ID >/dev/null && ping -c1 -W2 al$ID >/dev/null && echo known\"; docker network inspect -f '{{len .Containers}}' $ID; docker rm -f c$ID >/dev/null; docker network rm $ID >/dev/null",
    out: "known\n1",
  },
  {
    title: "the predefined networks",
    sh: "docker network ls --format '{{.Name}} {{.Driver}}' | grep -xE '(bridge|host|none) .*' | sort; docker network rm bridge",
    code: 1,
    out: "bridge bridge\nhost host\nnone null",
    err: /pre-?defined|cannot be removed/i,
  },
  {
    title: "network prune",
    sh: "docker network create --label p=$ID $ID >/dev/null; docker network prune -f --filter label=p=$ID | grep -c $ID; docker network ls -q --filter name=$ID",
    out: "1",
  },
  {
    title: "volume create, ls, inspect, rm",
    sh: "docker volume create --label k=v $ID >/dev/null; docker volume ls --filter name=$ID --format '{{.Driver}}'; docker volume inspect -f '{{.Labels.k}} {{.Scope}}' $ID; docker volume rm $ID >/dev/null; docker volume ls -q --filter name=$ID",
    out: "local\nv local",
  },
  {
    title: "a volume keeps its files, and gets the image's first",
    sh: "docker run --rm -v $ID:/etc $IMAGE sh -c 'echo kept > /etc/new'; docker run --rm -v $ID:/v $IMAGE sh -c 'cat /v/new; ls /v/passwd'; docker volume rm $ID >/dev/null",
    out: "kept\n/v/passwd",
  },
  {
    title: "a volume in use cannot be removed",
    sh: "docker create --name $ID -v $ID:/v $IMAGE >/dev/null; docker volume rm $ID; c=$?; docker rm $ID >/dev/null; docker volume rm $ID >/dev/null; exit $c",
    code: 1,
    err: /in use/,
  },
  {
    title: "an anonymous volume goes with its container",
    sh: "a=$(docker volume ls -q | wc -l); docker run --rm -v /v $IMAGE touch /v/f; docker create --name $ID -v /v $IMAGE >/dev/null; docker rm -v $ID >/dev/null; test $a = $(docker volume ls -q | wc -l) && echo none",
    out: "none",
  },
  {
    title: "--volumes-from",
    sh: "docker create --name $ID -v v$ID:/v $IMAGE >/dev/null; docker run --rm --volumes-from $ID $IMAGE touch /v/f; docker run --rm --volumes-from $ID:ro $IMAGE sh -c 'ls /v; touch /v/g' 2>/dev/null; echo $?; docker rm $ID >/dev/null; docker volume rm v$ID >/dev/null",
    out: "f\n1",
  },
  {
    title: "volume prune",
    sh: "docker volume create --label p=$ID $ID >/dev/null; (docker volume prune -af --filter label=p=$ID || docker volume prune -f --filter label=p=$ID) 2>/dev/null | grep -c $ID; docker volume ls -q --filter name=$ID",
    out: "1",
  },
  { title: "no swarm", sh: "docker node ls", code: 1, err: /not a swarm manager/ },
  { title: "builder prune", sh: "docker builder prune -f", out: /^Total(?: reclaimed space)?:/ },
];
