import { namespaceGoneState } from "../errors.js";
import { channelOf } from "./channel.js";
import { lockClass } from "./lock-class.js";

/** How long the deletion of a key stays in a compacted log, so that whoever reads along learns of it: one hour. */
const deletionKeptMs = 3_600_000;

/** The kind of the locks that say whose a partition is. */
export const placeLock = "stream-place";

/** How a record stands to compaction: not at all, the last of its key, or the deletion of its key. */
const compaction = { none: 0, keyed: 1, deletion: 2 } as const;

/**
 * Invariant: whoever appends to a partition holds its row until the records are committed, so offsets are given in the order of the
 * commits: a reader that sees one record sees all before it.
 */
export const streamTables = (schema: string) => `
CREATE TABLE stream_log (
  namespace_id int PRIMARY KEY,
  partitions int NOT NULL,
  compaction boolean NOT NULL DEFAULT false
);

-- Records before retained_from were removed by retention. bytes: of the records that are there.
CREATE TABLE stream_partition (
  namespace_id int NOT NULL,
  partition int NOT NULL,
  next_offset bigint NOT NULL DEFAULT 0,
  retained_from bigint NOT NULL DEFAULT 0,
  last_ms bigint NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (namespace_id, partition)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 1000);

CREATE TABLE stream_record (
  namespace_id int NOT NULL,
  partition int NOT NULL,
  "offset" bigint NOT NULL,
  appended_at_ms bigint NOT NULL,
  size_bytes int NOT NULL,
  compaction smallint NOT NULL,
  message_id bytea NOT NULL,
  key bytea NOT NULL,
  content_type bytea NOT NULL,
  headers bytea NOT NULL,
  payload bytea NOT NULL,
  PRIMARY KEY (namespace_id, partition, "offset")
);
CREATE INDEX stream_record_by_time ON stream_record (namespace_id, partition, appended_at_ms);
CREATE INDEX stream_record_by_key ON stream_record (namespace_id, partition, key) WHERE compaction > ${compaction.none};
CREATE INDEX stream_record_deletions ON stream_record (namespace_id, appended_at_ms) WHERE compaction = ${compaction.deletion};

-- Where a group is in a partition: it began at begun, and has committed up to committed. Whoever has the partition holds the lock of
-- lock_id on its session, and counts up epoch when it gets it: a commit of an earlier owner is known by its epoch.
CREATE TABLE stream_place (
  namespace_id int NOT NULL,
  group_name bytea NOT NULL,
  partition int NOT NULL,
  lock_id int GENERATED ALWAYS AS IDENTITY,
  begun bigint NOT NULL,
  committed bigint,
  epoch bigint NOT NULL DEFAULT 0,
  owner bigint,
  PRIMARY KEY (namespace_id, group_name, partition)
);

-- The members of groups; the session of the process that each is in says whether it is still there.
CREATE TABLE stream_member (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  namespace_id int NOT NULL,
  group_name bytea NOT NULL,
  pid int NOT NULL,
  started timestamptz NOT NULL
);
CREATE INDEX stream_member_by_group ON stream_member (namespace_id, group_name);

-- Makes a log unless it is there, and sets what is kept of it; returns how many partitions it has.
CREATE FUNCTION stream_make(p_namespace int, p_partitions int, p_compaction boolean) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  log stream_log;
BEGIN
  INSERT INTO stream_log (namespace_id, partitions) VALUES (p_namespace, p_partitions) ON CONFLICT DO NOTHING;
  SELECT * INTO log FROM stream_log WHERE namespace_id = p_namespace FOR UPDATE;
  IF log.partitions <> p_partitions THEN
    RETURN log.partitions;
  END IF;
  INSERT INTO stream_partition (namespace_id, partition)
    SELECT p_namespace, p FROM generate_series(0, p_partitions - 1) p ON CONFLICT DO NOTHING;
  IF log.compaction <> p_compaction THEN
    PERFORM FROM stream_partition WHERE namespace_id = p_namespace ORDER BY partition FOR UPDATE;
    UPDATE stream_log SET compaction = p_compaction WHERE namespace_id = p_namespace;
    UPDATE stream_record r SET compaction = stream_compaction(p_compaction, r.key, r.payload) WHERE r.namespace_id = p_namespace;
    IF p_compaction THEN
      PERFORM stream_compact(p_namespace, p, NULL) FROM generate_series(0, p_partitions - 1) p;
    END IF;
  END IF;
  RETURN log.partitions;
END
$$;

CREATE FUNCTION stream_compaction(p_compaction boolean, p_key bytea, p_payload bytea) RETURNS smallint LANGUAGE sql IMMUTABLE AS $$
  SELECT (CASE
    WHEN NOT p_compaction OR p_key = '' THEN ${compaction.none}
    WHEN p_payload = '' THEN ${compaction.deletion}
    ELSE ${compaction.keyed}
  END)::smallint
$$;

-- Removes all records of these keys but the last of each; of all keys when none are given. The caller holds the partition.
CREATE FUNCTION stream_compact(p_namespace int, p_partition int, p_keys bytea[]) RETURNS void LANGUAGE sql AS $$
  WITH older AS (
    DELETE FROM stream_record r USING (
      SELECT key, max("offset") AS last FROM stream_record
        WHERE namespace_id = p_namespace AND partition = p_partition AND compaction > ${compaction.none}
          AND (p_keys IS NULL OR key = ANY (p_keys))
        GROUP BY key HAVING count(*) > 1
    ) AS k
    WHERE r.namespace_id = p_namespace AND r.partition = p_partition AND r.compaction > ${compaction.none}
      AND r.key = k.key AND r."offset" < k.last
    RETURNING r.size_bytes
  )
  UPDATE stream_partition p SET bytes = p.bytes - (SELECT coalesce(sum(size_bytes), 0) FROM older)
    WHERE p.namespace_id = p_namespace AND p.partition = p_partition
$$;

CREATE FUNCTION stream_notify(p_namespace int) RETURNS void LANGUAGE sql AS $$
  SELECT pg_notify('${channelOf(schema)}', 'stream:' || p_namespace)
$$;

CREATE FUNCTION stream_group_notify(p_namespace int) RETURNS void LANGUAGE sql AS $$
  SELECT pg_notify('${channelOf(schema)}', 'stream-group:' || p_namespace)
$$;

-- Appends records, those of one partition in order; returns their offsets.
CREATE FUNCTION stream_append(
  p_namespace int, p_partitions int[], p_ids bytea[], p_keys bytea[], p_content_types bytea[], p_headers bytea[],
  p_payloads bytea[], p_sizes int[]
) RETURNS TABLE (at_offset bigint) LANGUAGE plpgsql AS $$
DECLARE
  v_now bigint;
  v_compaction boolean;
  v_found int;
  v_offsets bigint[];
BEGIN
  SELECT count(*) INTO v_found FROM (
    SELECT FROM stream_partition WHERE namespace_id = p_namespace AND partition = ANY (p_partitions) ORDER BY partition FOR UPDATE
  ) AS locked;
  IF v_found < (SELECT count(DISTINCT p) FROM unnest(p_partitions) p)
    OR NOT EXISTS (SELECT FROM namespace WHERE id = p_namespace AND name IS NOT NULL)
  THEN
    RAISE EXCEPTION 'the namespace is gone' USING ERRCODE = '${namespaceGoneState}';
  END IF;
  SELECT compaction INTO v_compaction FROM stream_log WHERE namespace_id = p_namespace;
  v_now := now_ms();
  WITH entries AS (
    SELECT t.*, greatest(p.last_ms, v_now) AS appended_at_ms,
        p.next_offset + row_number() OVER (PARTITION BY t.partition ORDER BY t.n) - 1 AS place
      FROM unnest(p_partitions, p_ids, p_keys, p_content_types, p_headers, p_payloads, p_sizes) WITH ORDINALITY
        AS t(partition, id, key, content_type, headers, payload, size_bytes, n)
      JOIN stream_partition p ON p.namespace_id = p_namespace AND p.partition = t.partition
  ), appended AS (
    INSERT INTO stream_record
      SELECT p_namespace, e.partition, e.place, e.appended_at_ms, e.size_bytes, stream_compaction(v_compaction, e.key, e.payload),
          e.id, e.key, e.content_type, e.headers, e.payload
        FROM entries e ORDER BY e.partition, e.place
  ), moved AS (
    UPDATE stream_partition p SET next_offset = e.last + 1, last_ms = e.last_ms, bytes = p.bytes + e.bytes
      FROM (
        SELECT partition, max(place) AS last, max(appended_at_ms) AS last_ms, sum(size_bytes) AS bytes FROM entries GROUP BY partition
      ) AS e
      WHERE p.namespace_id = p_namespace AND p.partition = e.partition
  )
  SELECT array_agg(place ORDER BY n) INTO v_offsets FROM entries;
  IF v_compaction THEN
    PERFORM stream_compact(p_namespace, t.partition, array_agg(t.key))
      FROM unnest(p_partitions, p_keys) AS t(partition, key) WHERE t.key <> '' GROUP BY t.partition;
  END IF;
  PERFORM stream_notify(p_namespace);
  RETURN QUERY SELECT unnest(v_offsets);
END
$$;

-- The records of a partition from an offset on and before p_end, up to so many and so many bytes; a first one that is larger alone.
CREATE FUNCTION stream_read(p_namespace int, p_partition int, p_from bigint, p_end bigint, p_records_max int, p_bytes_max bigint)
RETURNS TABLE (
  at_offset bigint, appended_at_ms bigint, message_id bytea, key bytea, content_type bytea, headers bytea, payload bytea
) LANGUAGE sql AS $$
  SELECT "offset", appended_at_ms, message_id, key, content_type, headers, payload
  FROM (
    SELECT *, row_number() OVER in_order AS n, sum(size_bytes) OVER in_order AS total_bytes
    FROM (
      SELECT * FROM stream_record
        WHERE namespace_id = p_namespace AND partition = p_partition AND "offset" >= p_from AND "offset" < p_end
        ORDER BY "offset" LIMIT p_records_max
    ) AS candidates
    WINDOW in_order AS (ORDER BY "offset" ROWS UNBOUNDED PRECEDING)
  ) AS counted
  WHERE n = 1 OR total_bytes <= p_bytes_max ORDER BY "offset"
$$;

-- What each partition holds, and how far a group has come; lag: of the group.
CREATE FUNCTION stream_describe(p_namespace int, p_group bytea)
RETURNS TABLE (partition int, earliest bigint, next_offset bigint, committed bigint, lag bigint) LANGUAGE sql AS $$
  SELECT p.partition, e.earliest, p.next_offset, g.committed,
      CASE WHEN l.compaction
        THEN (SELECT count(*) FROM stream_record r WHERE r.namespace_id = p.namespace_id AND r.partition = p.partition AND r."offset" >= g.from_offset)
        ELSE greatest(0, p.next_offset - greatest(g.from_offset, e.earliest))
      END
    FROM stream_partition p
    JOIN stream_log l USING (namespace_id)
    CROSS JOIN LATERAL (
      SELECT coalesce(
        (SELECT min("offset") FROM stream_record r WHERE r.namespace_id = p.namespace_id AND r.partition = p.partition), p.next_offset
      ) AS earliest
    ) AS e
    LEFT JOIN stream_place s ON s.namespace_id = p.namespace_id AND s.group_name = p_group AND s.partition = p.partition
    CROSS JOIN LATERAL (SELECT s.committed, coalesce(s.committed + 1, s.begun, 0) AS from_offset) AS g
    WHERE p.namespace_id = p_namespace ORDER BY p.partition
$$;

-- Which partitions of these logs have records that are too old or too many.
CREATE FUNCTION stream_overfull(p_namespaces int[], p_retentions_ms bigint[], p_bytes_max bigint[])
RETURNS TABLE (namespace_id int, partition int, retention_ms bigint, bytes_max bigint) LANGUAGE sql AS $$
  SELECT p.namespace_id, p.partition, b.retention_ms, b.bytes_max
    FROM unnest(p_namespaces, p_retentions_ms, p_bytes_max) AS b(id, retention_ms, bytes_max)
    JOIN stream_partition p ON p.namespace_id = b.id
    WHERE EXISTS (
      SELECT FROM stream_record r
        WHERE r.namespace_id = p.namespace_id AND r.partition = p.partition AND r.appended_at_ms <= statement_ms() - b.retention_ms
    ) OR (
      p.bytes > b.bytes_max AND EXISTS (
        SELECT FROM stream_record r
          WHERE r.namespace_id = p.namespace_id AND r.partition = p.partition AND r."offset" < p.next_offset - 1
      )
    )
$$;

-- Removes the oldest records of a partition that are too old or too many; the newest stays however large it is. Returns how many.
CREATE FUNCTION stream_retain(p_namespace int, p_partition int, p_retention_ms bigint, p_bytes_max bigint, p_rows_max int)
RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  part stream_partition;
  rec record;
  v_count int := 0;
BEGIN
  SELECT * INTO part FROM stream_partition WHERE namespace_id = p_namespace AND partition = p_partition FOR UPDATE;
  FOR rec IN
    SELECT "offset", appended_at_ms, size_bytes FROM stream_record
      WHERE namespace_id = p_namespace AND partition = p_partition ORDER BY "offset" LIMIT p_rows_max
  LOOP
    EXIT WHEN NOT coalesce(rec.appended_at_ms <= now_ms() - p_retention_ms, false)
      AND NOT coalesce(part.bytes > p_bytes_max AND rec."offset" < part.next_offset - 1, false);
    part.bytes := part.bytes - rec.size_bytes;
    part.retained_from := rec."offset" + 1;
    v_count := v_count + 1;
  END LOOP;
  IF v_count > 0 THEN
    DELETE FROM stream_record
      WHERE namespace_id = p_namespace AND partition = p_partition AND "offset" < part.retained_from;
    UPDATE stream_partition SET bytes = part.bytes, retained_from = part.retained_from
      WHERE namespace_id = p_namespace AND partition = p_partition;
  END IF;
  RETURN v_count;
END
$$;

-- Removes deletions of keys that everybody has had time to read; returns how many.
CREATE FUNCTION stream_end_deletions(p_namespace int, p_rows_max int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  part record;
  v_count int := 0;
BEGIN
  FOR part IN
    SELECT r.partition, array_agg(r."offset") AS offsets, sum(r.size_bytes) AS bytes FROM (
      SELECT partition, "offset", size_bytes FROM stream_record
        WHERE namespace_id = p_namespace AND compaction = ${compaction.deletion} AND appended_at_ms <= statement_ms() - ${deletionKeptMs}
        LIMIT p_rows_max
    ) AS r GROUP BY r.partition ORDER BY r.partition
  LOOP
    PERFORM FROM stream_partition WHERE namespace_id = p_namespace AND partition = part.partition FOR UPDATE;
    WITH gone AS (
      DELETE FROM stream_record
        WHERE namespace_id = p_namespace AND partition = part.partition AND "offset" = ANY (part.offsets) RETURNING size_bytes
    )
    UPDATE stream_partition SET bytes = stream_partition.bytes - (SELECT coalesce(sum(size_bytes), 0) FROM gone)
      WHERE namespace_id = p_namespace AND partition = part.partition;
    v_count := v_count + cardinality(part.offsets);
  END LOOP;
  RETURN v_count;
END
$$;

CREATE FUNCTION stream_remove(p_namespace int, p_rows_max int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_count int;
BEGIN
  -- Waits for those who append; whoever comes later finds no partition.
  DELETE FROM stream_partition WHERE namespace_id = p_namespace;
  DELETE FROM stream_log WHERE namespace_id = p_namespace;
  DELETE FROM stream_place WHERE namespace_id = p_namespace;
  DELETE FROM stream_member WHERE namespace_id = p_namespace;
  DELETE FROM stream_record WHERE ctid = ANY (ARRAY(SELECT ctid FROM stream_record WHERE namespace_id = p_namespace LIMIT p_rows_max));
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END
$$;

-- Adds the process whose session this is to a group, as one more member; the group begins where p_latest says if it is new.
CREATE FUNCTION stream_join(p_namespace int, p_group bytea, p_latest boolean) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_id bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(${lockClass(schema, "stream-group")}, p_namespace);
  INSERT INTO stream_place (namespace_id, group_name, partition, begun)
    SELECT p_namespace, p_group, p.partition, CASE WHEN p_latest THEN p.next_offset ELSE 0 END
      FROM stream_partition p WHERE p.namespace_id = p_namespace ON CONFLICT DO NOTHING;
  IF NOT FOUND AND NOT EXISTS (SELECT FROM stream_partition WHERE namespace_id = p_namespace) THEN
    RAISE EXCEPTION 'the namespace is gone' USING ERRCODE = '${namespaceGoneState}';
  END IF;
  INSERT INTO stream_member (namespace_id, group_name, pid, started)
    SELECT p_namespace, p_group, pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()
    RETURNING id INTO v_id;
  RETURN v_id;
END
$$;

-- Shares the partitions among the members that are there, and moves as few as that allows. Returns those of p_members.
CREATE FUNCTION stream_share(p_namespace int, p_group bytea, p_members bigint[])
RETURNS TABLE (partition int, lock_id int, owner bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_members int;
  v_partitions int;
  v_changed boolean := false;
  v_quota int;
  v_rank int := 0;
  m record;
BEGIN
  PERFORM pg_advisory_xact_lock(${lockClass(schema, "stream-group")}, p_namespace);
  DELETE FROM stream_member g WHERE g.namespace_id = p_namespace AND g.group_name = p_group
    AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = g.pid AND a.backend_start = g.started);
  UPDATE stream_place s SET owner = NULL WHERE s.namespace_id = p_namespace AND s.group_name = p_group
    AND s.owner IS NOT NULL AND NOT EXISTS (SELECT FROM stream_member g WHERE g.id = s.owner);
  v_changed := FOUND;
  SELECT count(*) INTO v_members FROM stream_member g WHERE g.namespace_id = p_namespace AND g.group_name = p_group;
  SELECT count(*) INTO v_partitions FROM stream_place s WHERE s.namespace_id = p_namespace AND s.group_name = p_group;
  -- Twice: whoever has too many gives up the last ones before anybody gets them.
  FOR pass IN 1 .. 2 LOOP
    v_rank := 0;
    FOR m IN
      SELECT g.id, (SELECT count(*) FROM stream_place s WHERE s.namespace_id = p_namespace AND s.group_name = p_group AND s.owner = g.id) AS has
        FROM stream_member g WHERE g.namespace_id = p_namespace AND g.group_name = p_group ORDER BY has DESC, g.id
    LOOP
      v_rank := v_rank + 1;
      v_quota := v_partitions / v_members + CASE WHEN v_rank <= v_partitions % v_members THEN 1 ELSE 0 END;
      CONTINUE WHEN m.has = v_quota;
      IF m.has > v_quota THEN
        UPDATE stream_place s SET owner = NULL WHERE s.namespace_id = p_namespace AND s.group_name = p_group AND s.partition IN (
          SELECT o.partition FROM stream_place o WHERE o.namespace_id = p_namespace AND o.group_name = p_group AND o.owner = m.id
            ORDER BY o.partition OFFSET v_quota
        );
        v_changed := true;
      ELSIF pass = 2 THEN
        UPDATE stream_place s SET owner = m.id WHERE s.namespace_id = p_namespace AND s.group_name = p_group AND s.partition IN (
          SELECT o.partition FROM stream_place o WHERE o.namespace_id = p_namespace AND o.group_name = p_group AND o.owner IS NULL
            ORDER BY o.partition LIMIT v_quota - m.has
        );
        v_changed := true;
      END IF;
    END LOOP;
  END LOOP;
  IF v_changed THEN
    PERFORM stream_group_notify(p_namespace);
  END IF;
  RETURN QUERY SELECT s.partition, s.lock_id, s.owner FROM stream_place s
    WHERE s.namespace_id = p_namespace AND s.group_name = p_group AND s.owner = ANY (p_members) ORDER BY s.partition;
END
$$;

-- Takes members out of their group, and shares what they had.
CREATE FUNCTION stream_leave(p_namespace int, p_group bytea, p_member bigint) RETURNS void LANGUAGE sql AS $$
  DELETE FROM stream_member WHERE id = p_member;
  SELECT FROM stream_share(p_namespace, p_group, '{}');
$$;

-- Begins the time of a new owner of partitions, whose locks it holds; returns where it is to read on.
CREATE FUNCTION stream_take(p_namespace int, p_group bytea, p_partitions int[])
RETURNS TABLE (partition int, epoch bigint, from_offset bigint) LANGUAGE sql AS $$
  SELECT pg_advisory_xact_lock(${lockClass(schema, "stream-group")}, p_namespace);
  UPDATE stream_place s SET epoch = s.epoch + 1
    WHERE s.namespace_id = p_namespace AND s.group_name = p_group AND s.partition = ANY (p_partitions)
    RETURNING s.partition, s.epoch, coalesce(s.committed + 1, s.begun)
$$;

-- Commits positions; says of each whether it counted.
CREATE FUNCTION stream_commit(p_namespace int, p_group bytea, p_partitions int[], p_epochs bigint[], p_offsets bigint[])
RETURNS TABLE (counted boolean) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  op record;
BEGIN
  -- Those who share out partitions lock the same rows in another order.
  PERFORM pg_advisory_xact_lock_shared(${lockClass(schema, "stream-group")}, p_namespace);
  FOR op IN SELECT * FROM unnest(p_partitions, p_epochs, p_offsets) AS t(partition, epoch, place) LOOP
    UPDATE stream_place s SET committed = op.place
      WHERE s.namespace_id = p_namespace AND s.group_name = p_group AND s.partition = op.partition AND s.epoch = op.epoch
        AND (s.committed IS NULL OR s.committed <= op.place);
    counted := FOUND;
    RETURN NEXT;
  END LOOP;
END
$$;
`;
