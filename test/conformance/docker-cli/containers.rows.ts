import type { Row } from "./row.ts";

const up = "docker run -d --name $ID $IMAGE sh -c 'trap \"exit 3\" TERM; echo trapped; while :; do sleep 0.1; done' >/dev/null;";
const trapped = "until docker logs $ID | grep -q trapped; do sleep 0.1; done;";
/** The beginning of a subshell that goes on when a client is attached. */
const attached = '(until docker events --since 1 --until "$(date +%s)" --filter container=$ID --filter event=attach | grep -q attach; do sleep 0.2; done;';
const down = "docker rm -f $ID >/dev/null";

export const CONTAINER_ROWS: readonly Row[] = [
  {
    title: "create, start -a, rm",
    sh: `docker create --name $ID $IMAGE echo hi >/dev/null; docker start -a $ID; docker ps -a --filter name=$ID --format '{{.Status}}' | sed 's/ (0).*/ (0)/'; ${down}`,
    out: "hi\nExited (0)",
  },
  { title: "start -ai", sh: `docker create -i --name $ID $IMAGE cat >/dev/null; echo x | docker start -ai $ID; ${down}`, out: "x" },
  {
    title: "started twice it runs once",
    sh: `${up} docker start $ID && docker start $ID && docker inspect -f '{{.State.Running}}' $ID; ${down}`,
    out: /true$/,
  },
  {
    title: "a stopped container starts again with its files",
    sh: `docker run --name $ID $IMAGE sh -c 'cat /f; echo again > /f' 2>/dev/null; docker start -a $ID; ${down}`,
    out: "again",
  },
  {
    title: "logs",
    sh: `docker run --name $ID $IMAGE sh -c 'echo 1; sleep 0.2; echo 2 >&2; sleep 0.2; echo 3' >/dev/null 2>&1; docker logs $ID; docker logs --tail 1 $ID 2>/dev/null; ${down}`,
    out: "1\n3\n3",
    err: "2",
  },
  {
    title: "logs -t has times that --since understands",
    sh: `docker run --name $ID $IMAGE sh -c 'echo 1; sleep 1; echo 2' >/dev/null; docker logs -t $ID | cut -d' ' -f2; t=$(docker logs -t $ID | tail -1 | cut -d' ' -f1); docker logs --since $t $ID; ${down}`,
    out: "1\n2\n2",
  },
  {
    title: "logs -t has RFC 3339 with nanoseconds",
    sh: `docker run --name $ID $IMAGE echo x >/dev/null; docker logs -t $ID; ${down}`,
    out: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z x$/,
  },
  {
    title: "logs -f ends with the container",
    sh: `docker run -d --name $ID $IMAGE sh -c 'for i in 1 2 3; do echo $i; sleep 0.2; done' >/dev/null; docker logs -f $ID; ${down}`,
    out: "1\n2\n3",
  },
  {
    title: "logs of a line without end",
    sh: `docker run --name $ID $IMAGE printf 'a\\nb' >/dev/null; docker logs $ID | od -c | head -1; ${down}`,
    out: /a +\\n +b/,
  },
  {
    title: "logs of 5 MB, byte for byte",
    sh: `docker run --name $ID $IMAGE sh -c 'dd if=/dev/urandom bs=1000 count=4000 2>/dev/null | od -v -x' > out; docker logs $ID | cmp - out && echo same; ${down}`,
    out: "same",
  },
  { title: "exec", sh: `${up} docker exec -e A=b -w /tmp -u builder $ID sh -c 'echo $A; pwd; id -un'; ${down}`, out: "b\n/tmp\nbuilder" },
  { title: "exec -i", sh: `${up} printf 'x\\ny\\n' | docker exec -i $ID wc -l; ${down}`, out: "2" },
  { title: "exec exits with the command's code", sh: `${up} docker exec $ID sh -c 'exit 9'; c=$?; ${down}; exit $c`, code: 9 },
  { title: "exec of what is not there gives 127 (126 in older clients)", sh: `${up} docker exec $ID nonesuch >/dev/null; echo $?; ${down}`, out: /^12[67]$/ },
  { title: "exec -t gives a terminal", sh: `${up} script -qec "docker exec -t $ID tty" /dev/null; ${down}`, out: /^\/dev\/pts\/\d+/ },
  {
    title: "exec -it is a session",
    sh: `${up} (until docker exec $ID test -e /in; do sleep 0.1; done; sleep 0.5; echo 'echo a-$((6*7))'; sleep 0.5; echo 'exit 4') | script -qec "docker exec -it $ID sh -c 'touch /in; exec sh'" /dev/null; c=$?; ${down}; exit $c`,
    code: 4,
    out: /a-42/,
  },
  {
    title: "exec -d goes on",
    sh: `${up} docker exec -d $ID sh -c 'echo done > /f'; for i in $(seq 50); do docker exec $ID grep done /f 2>/dev/null && break; sleep 0.2; done; ${down}`,
    out: "done",
  },
  {
    title: "exec in what does not run is refused",
    sh: `docker create --name $ID $IMAGE >/dev/null; docker exec $ID true; c=$?; ${down}; exit $c`,
    code: 1,
    err: /is not running/,
  },
  {
    title: "exec of 20 MB both ways",
    sh: `head -c 20000000 /dev/urandom > big; ${up} docker exec -i $ID cat < big | cmp - big && echo same; ${down}`,
    out: "same",
  },
  {
    title: "attach shows what comes",
    sh: `docker run -d --name $ID $IMAGE sh -c 'until test -e /go; do sleep 0.1; done; echo late; exit 6' >/dev/null; ${attached} docker exec $ID touch /go) & docker attach $ID; c=$?; ${down}; exit $c`,
    code: 6,
    out: "late",
  },
  { title: "top", sh: `${up} docker top $ID | head -1; docker top $ID -o pid,args | grep -c trap; ${down}`, out: /^UID +PID .*\n1$/ },
  { title: "stats once", sh: `${up} docker stats --no-stream --format '{{.Name}} {{.PIDs}}' $ID | sed s/$ID/NAME/; ${down}`, out: /^NAME [1-9]/ },
  {
    title: "stop sends the stop signal",
    sh: `${up} ${trapped} docker stop -t 5 $ID >/dev/null; docker inspect -f '{{.State.ExitCode}} {{.State.Status}}' $ID; ${down}`,
    out: "3 exited",
  },
  {
    title: "stop kills what does not listen",
    sh: `docker run -d --name $ID $IMAGE sleep 100 >/dev/null; docker stop -t 1 $ID >/dev/null; docker inspect -f '{{.State.ExitCode}}' $ID; ${down}`,
    out: "137",
  },
  { title: "kill", sh: `${up} docker kill $ID >/dev/null; docker inspect -f '{{.State.ExitCode}} {{.State.Running}}' $ID; ${down}`, out: "137 false" },
  { title: "kill -s", sh: `${up} ${trapped} docker kill -s TERM $ID >/dev/null; docker wait $ID; ${down}`, out: "3" },
  {
    title: "kill of what does not run is refused",
    sh: `docker create --name $ID $IMAGE >/dev/null; docker kill $ID; c=$?; ${down}; exit $c`,
    code: 1,
    err: /is not running/,
  },
  { title: "wait", sh: `docker run -d --name $ID $IMAGE sh -c 'sleep 0.5; exit 8' >/dev/null; docker wait $ID; docker wait $ID; ${down}`, out: "8\n8" },
  {
    title: "restart",
    sh: `${up} a=$(docker inspect -f '{{.State.Pid}}' $ID); docker restart -t 1 $ID >/dev/null; b=$(docker inspect -f '{{.State.Pid}}' $ID); test $a != $b && docker inspect -f '{{.State.Running}}' $ID; ${down}`,
    out: "true",
  },
  {
    title: "pause and unpause",
    sh: `${up} docker pause $ID >/dev/null; docker inspect -f '{{.State.Status}}' $ID; docker unpause $ID >/dev/null; docker inspect -f '{{.State.Status}}' $ID; ${down}`,
    out: "paused\nrunning",
  },
  {
    title: "rename",
    sh: `docker create --name $ID $IMAGE >/dev/null; docker rename $ID new$ID; docker inspect -f '{{.Name}}' new$ID | sed s/$ID/ID/; docker rm new$ID >/dev/null`,
    out: "/newID",
  },
  { title: "rm refuses what runs, rm -f does not", sh: `${up} docker rm $ID; c=$?; docker rm -f $ID >/dev/null; exit $c`, code: 1, err: /running container/i },
  { title: "rm -f of what is not there is fine", sh: "docker rm -f nonesuch-$ID", err: /No such container/ },
  {
    title: "inspect",
    sh: `docker create --name $ID -e A=b -l k=v -w /tmp -u builder --restart on-failure:2 -m 64m -p 1234:80 -v "$PWD:/d:ro" $IMAGE a b >/dev/null; docker inspect -f '{{json .Config.Env}} {{json .Config.Cmd}} {{.Config.User}} {{.Config.WorkingDir}} {{.Config.Labels.k}} {{.HostConfig.Memory}} {{.HostConfig.RestartPolicy.Name}} {{(index (index .HostConfig.PortBindings "80/tcp") 0).HostPort}} {{(index .Mounts 0).Destination}} {{(index .Mounts 0).RW}} {{.Path}} {{.State.Status}}' $ID; ${down}`,
    out: /^\["A=b".*\] \["a","b"\] builder \/tmp v 67108864 on-failure 1234 \/d false a created$/,
  },
  {
    title: "inspect finds by prefix of the id",
    sh: `id=$(docker create --name $ID $IMAGE); docker inspect -f '{{.Name}}' \${id:0:8} | sed s/$ID/ID/; ${down}`,
    out: "/ID",
  },
  { title: "inspect of what is not there", sh: "docker inspect nonesuch-$ID", code: 1, err: /No such object/i },
  {
    title: "ps: filters and format",
    sh: `${up} docker create --name b$ID -l k=$ID $IMAGE >/dev/null; docker ps -a --filter label=k=$ID --format '{{.Names}}' | sed s/$ID/ID/; docker ps --filter name=$ID --format '{{.Names}}' | sed s/$ID/ID/; docker ps -aq --filter status=created --filter name=$ID | wc -l; docker rm b$ID >/dev/null; ${down}`,
    out: "bID\nID\n1",
  },
  {
    title: "ps -s",
    sh: `docker run --name $ID $IMAGE sh -c 'head -c 1000000 /dev/zero > /f'; docker ps -as --filter name=$ID --format '{{.Size}}'; ${down}`,
    out: /^1(\.\d+)?MB \(virtual /,
  },
  {
    title: "cp out",
    sh: `docker create --name $ID $IMAGE >/dev/null; docker cp $ID:/etc/passwd p; head -1 p; docker cp $ID:/etc dir; ls dir/group; docker cp $ID:/etc/passwd - | tar -t; ${down}`,
    out: "root:x:0:0:root:/root:/bin/sh\ndir/group\npasswd",
  },
  {
    title: "cp in",
    sh: `mkdir d; echo x > d/f; docker create --name $ID $IMAGE cat /n /tmp/d/f >/dev/null; docker cp d $ID:/tmp; docker cp d/f $ID:/n; docker start -a $ID; ${down}`,
    out: "x\nx",
  },
  {
    title: "cp into what runs",
    sh: `echo x > f; ${up} docker cp f $ID:/tmp/f; docker exec $ID cat /tmp/f; docker exec $ID sh -c 'echo y > /tmp/g'; docker cp $ID:/tmp/g -| tar -xO; ${down}`,
    out: "x\ny",
  },
  {
    title: "cp of what is not there",
    sh: `docker create --name $ID $IMAGE >/dev/null; docker cp $ID:/nonesuch x; c=$?; ${down}; exit $c`,
    code: 1,
    err: /Could not find|no such/i,
  },
  {
    title: "cp does not leave the container through links",
    sh: `docker run --name $ID $IMAGE ln -s /etc /esc; echo x > f; docker cp f $ID:/esc/inside; test ! -e /etc/inside; docker cp $ID:/etc/inside - | tar -xO; ${down}`,
    out: "x",
  },
  {
    title: "diff",
    sh: `docker run --name $ID $IMAGE sh -c 'echo x > /new; echo y >> /etc/group; rm /etc/passwd'; docker diff $ID | sort; ${down}`,
    out: "A /new\nC /etc\nC /etc/group\nD /etc/passwd",
  },
  {
    title: "commit",
    sh: `docker run --name $ID $IMAGE sh -c 'echo kept > /f'; docker commit -c 'CMD ["cat","/f"]' -m said -a me $ID im$ID >/dev/null; docker run --rm im$ID; docker image inspect -f '{{.Comment}} {{.Author}}' im$ID; ${down}; docker rmi im$ID >/dev/null`,
    out: "kept\nsaid me",
  },
  {
    title: "export",
    sh: `docker run --name $ID $IMAGE sh -c 'echo kept > /f'; docker export $ID > x.tar; tar -xOf x.tar f; tar -tf x.tar | grep -c etc/passwd; ${down}`,
    out: "kept\n1",
  },
  {
    title: "container prune",
    sh: `docker create --name $ID -l p=$ID $IMAGE >/dev/null; docker container prune -f --filter label=p=$ID | tail -1; docker ps -aq --filter label=p=$ID`,
    out: /^Total reclaimed space: /,
  },
  { title: "a fast container is never missed", sh: 'for i in $(seq 15); do docker run --rm $IMAGE sh -c "exit $i"; test $? = $i || echo wrong; done', out: "" },
];
