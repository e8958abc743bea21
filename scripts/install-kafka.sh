#!/bin/sh
# Puts Kafka into .toolchain/kafka: lib/, its jars from Maven Central; bootstrap.checkpoint, which a new log begins with; kafka.jsa,
# the classes of a running broker as the JVM keeps them, which halves the CPU time of a start. Needs Java 17 and Maven.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/scripts/server-versions.env"
kafka="$root/.toolchain/kafka"
pom="$root/scripts/kafka-pom.xml"
# The archive of classes is bound to the JVM that wrote it, and to the place and age of the jars.
recipe=$({ cat "$0" "$pom"; java -version 2>&1; echo "$kafka"; } | cksum | tr -c '0-9\n' '-')
stamp="$root/.toolchain/stamps/kafka-$KAFKA_VERSION-$recipe"
if [ -f "$stamp" ]; then exit 0; fi

echo "backends: installing Kafka $KAFKA_VERSION into .toolchain/kafka" >&2
rm -rf "$kafka"
mkdir -p "$kafka" "$root/.toolchain/stamps"
mvn -q -B -ntp -f "$pom" -Dkafka.version="$KAFKA_VERSION" \
  dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$kafka/lib" >&2

# One broker that is formatted, started and stopped; the JVM writes the archive at its end.
work="$kafka/first-start"
log="$work/broker.log"
mkdir -p "$work"
port=$((20000 + $$ % 10000))
class_path=$(printf '%s:' "$kafka"/lib/*.jar)
java="java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1"
cat >"$work/server.properties" <<END
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$((port + 1))
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$((port + 1))
controller.listener.names=CONTROLLER
log.dirs=$work/data
log.cleaner.dedupe.buffer.size=4194304
END
$java -cp "${class_path%:}" kafka.tools.StorageTool format -t MkU3OEVBNTcwNTJENDM2Qk -c "$work/server.properties" >"$log" 2>&1
cp "$work/data/bootstrap.checkpoint" "$kafka/"
$java -XX:ArchiveClassesAtExit="$kafka/kafka.jsa" -cp "${class_path%:}" kafka.Kafka "$work/server.properties" >>"$log" 2>&1 &
broker=$!
looks=0
until grep -q 'Kafka Server started' "$log"; do
  looks=$((looks + 1))
  if [ "$looks" -gt 600 ] || ! kill -0 "$broker" 2>/dev/null; then
    echo "backends: Kafka does not start; the end of its log:" >&2
    tail -n 20 "$log" >&2
    kill -9 "$broker" 2>/dev/null || true
    exit 1
  fi
  sleep 0.1
done
kill "$broker"
# A JVM that was told to stop says so with 143.
wait "$broker" || [ $? -eq 143 ]
rm -rf "$work"
touch "$stamp"
