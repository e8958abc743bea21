import { leaseEndedState, namespaceGoneState } from "../errors.js";
import { channelOf } from "./channel.js";
import { lockClass } from "./lock-class.js";

/** What one entry of `kv_write` does. A transaction is its conditions, then its mutations, all with the same number of `txn`. */
export const writeKind = {
  set: 1,
  delete: 2,
  expire: 3,
  persist: 4,
  increment: 5,
  conditionExists: 6,
  conditionMissing: 7,
  conditionEtag: 8,
} as const;

/** What a set or delete wants to find. */
export const wanted = { anything: 0, absent: 1, etag: 2 } as const;

/** What became of one entry of `kv_write`. */
export const writeStatus = {
  done: 0,
  missing: 1,
  keyExists: 2,
  etagMismatch: 3,
  tokenStale: 4,
  replayed: 5,
  conditionFailed: 6,
  notACounter: 7,
  counterOverflow: 8,
  skipped: 9,
} as const;

/**
 * How long after its end a lease still counts for writers: longer than a statement that renews it may take. Source:
 * statement_timeout's bound.
 */
export const leaseGraceMs = 60_000;

/**
 * Invariant: everything that changes a namespace holds its lock until it is committed, so writes are isolated and the numbers in
 * `kv_change` are, within a namespace, in the order of the commits: whoever has read one has seen all before it.
 *
 * Keys are bytea because PostgreSQL compares those byte by byte and keeps a NUL inside them.
 */
export const keyValueTables = (schema: string) => `
CREATE TABLE kv_entry (
  namespace_id int NOT NULL,
  key bytea NOT NULL,
  etag text NOT NULL COLLATE "C",
  expires_at_ms bigint,
  value bytea NOT NULL,
  PRIMARY KEY (namespace_id, key)
);
CREATE INDEX kv_entry_by_expiry ON kv_entry (namespace_id, expires_at_ms) WHERE expires_at_ms IS NOT NULL;

-- The last idempotency token of a key, and the etag that its set was answered.
CREATE TABLE kv_token (
  namespace_id int NOT NULL,
  key bytea NOT NULL,
  token bytea NOT NULL,
  etag text NOT NULL COLLATE "C",
  kept_until_ms bigint NOT NULL,
  PRIMARY KEY (namespace_id, key)
);
CREATE INDEX kv_token_by_end ON kv_token (kept_until_ms);

-- Which processes have to see the changes of a namespace, and how far each has come.
CREATE TABLE kv_lease (
  namespace_id int NOT NULL,
  process uuid NOT NULL,
  position bigint NOT NULL,
  ends_at_ms bigint NOT NULL,
  PRIMARY KEY (namespace_id, process)
);

-- The changes that those processes have not all seen yet. Nothing is written here for a namespace that nobody watches.
CREATE TABLE kv_change (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  namespace_id int NOT NULL,
  kind text NOT NULL,
  key bytea NOT NULL,
  etag text,
  expires_at_ms bigint,
  value bytea
);
CREATE INDEX kv_change_by_namespace ON kv_change (namespace_id, seq);

-- Locks a namespace until the transaction ends, and says whether its changes are to be kept.
CREATE FUNCTION kv_lock(p_namespace int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(${lockClass(schema, "key-value")}, p_namespace);
  IF NOT EXISTS (SELECT FROM namespace WHERE id = p_namespace AND name IS NOT NULL) THEN
    RAISE EXCEPTION 'the namespace is gone' USING ERRCODE = '${namespaceGoneState}';
  END IF;
  RETURN EXISTS (SELECT FROM kv_lease WHERE namespace_id = p_namespace AND ends_at_ms + ${leaseGraceMs} > now_ms());
END
$$;

CREATE FUNCTION kv_notify(p_namespace int) RETURNS void LANGUAGE sql AS $$
  SELECT pg_notify('${channelOf(schema)}', 'key-value:' || p_namespace)
$$;

CREATE FUNCTION kv_write(
  p_namespace int, p_kinds int[], p_txns int[], p_keys bytea[], p_values bytea[], p_etags text[], p_ttls bigint[],
  p_wants int[], p_want_etags text[], p_tokens bytea[], p_token_ms bigint, p_deltas bigint[]
) RETURNS TABLE (status int, seen text, number bigint) LANGUAGE plpgsql AS $$
DECLARE
  v_watched boolean := kv_lock(p_namespace);
  v_now bigint := now_ms();
  v_failed int := 0;
  v_there boolean;
  v_holds boolean;
  v_expires bigint;
  v_value bytea;
  v_sum numeric;
  v_changed boolean := false;
  op record;
  cur record;
  kept record;
BEGIN
  FOR op IN
    SELECT * FROM unnest(p_kinds, p_txns, p_keys, p_values, p_etags, p_ttls, p_wants, p_want_etags, p_tokens, p_deltas)
      AS t(kind, txn, key, value, etag, ttl, want, want_etag, token, delta)
  LOOP
    status := ${writeStatus.done};
    seen := NULL;
    number := NULL;

    IF op.txn = v_failed AND op.txn <> 0 THEN
      status := ${writeStatus.skipped};
      RETURN NEXT;
      CONTINUE;
    END IF;

    IF op.token IS NOT NULL THEN
      SELECT k.token, k.etag INTO kept FROM kv_token k
        WHERE k.namespace_id = p_namespace AND k.key = op.key AND k.kept_until_ms > v_now;
      IF FOUND AND kept.token >= op.token THEN
        status := CASE WHEN kept.token = op.token THEN ${writeStatus.replayed} ELSE ${writeStatus.tokenStale} END;
        seen := kept.etag;
        RETURN NEXT;
        CONTINUE;
      END IF;
    END IF;

    SELECT e.etag, e.expires_at_ms,
        CASE WHEN op.kind = ${writeKind.increment} AND octet_length(e.value) <= 20 THEN encode(e.value, 'escape') END AS counter
      INTO cur FROM kv_entry e WHERE e.namespace_id = p_namespace AND e.key = op.key;
    v_there := FOUND;
    IF v_there AND cur.expires_at_ms <= v_now THEN
      DELETE FROM kv_entry e WHERE e.namespace_id = p_namespace AND e.key = op.key;
      IF v_watched THEN
        INSERT INTO kv_change (namespace_id, kind, key) VALUES (p_namespace, 'expired', op.key);
        v_changed := true;
      END IF;
      v_there := false;
    END IF;
    IF v_there THEN
      seen := cur.etag;
    END IF;

    IF op.kind >= ${writeKind.conditionExists} THEN
      v_holds := CASE op.kind
        WHEN ${writeKind.conditionExists} THEN v_there
        WHEN ${writeKind.conditionMissing} THEN NOT v_there
        ELSE v_there AND cur.etag = op.want_etag COLLATE "C"
      END;
      IF NOT v_holds THEN
        status := ${writeStatus.conditionFailed};
        v_failed := op.txn;
      END IF;
      RETURN NEXT;
      CONTINUE;
    END IF;

    IF op.want = ${wanted.absent} AND v_there THEN
      status := ${writeStatus.keyExists};
      RETURN NEXT;
      CONTINUE;
    END IF;
    IF op.want = ${wanted.etag} AND NOT (v_there AND cur.etag = op.want_etag COLLATE "C") THEN
      status := ${writeStatus.etagMismatch};
      RETURN NEXT;
      CONTINUE;
    END IF;

    IF NOT v_there AND op.kind IN (${writeKind.delete}, ${writeKind.expire}, ${writeKind.persist}) THEN
      status := ${writeStatus.missing};
      RETURN NEXT;
      CONTINUE;
    END IF;

    IF op.kind = ${writeKind.delete} THEN
      DELETE FROM kv_entry e WHERE e.namespace_id = p_namespace AND e.key = op.key;
      IF v_watched THEN
        INSERT INTO kv_change (namespace_id, kind, key) VALUES (p_namespace, 'deleted', op.key);
        v_changed := true;
      END IF;
      RETURN NEXT;
      CONTINUE;
    END IF;

    IF op.kind IN (${writeKind.expire}, ${writeKind.persist}) THEN
      number := v_now + op.ttl;
      UPDATE kv_entry e SET expires_at_ms = number WHERE e.namespace_id = p_namespace AND e.key = op.key;
      RETURN NEXT;
      CONTINUE;
    END IF;

    v_value := op.value;
    v_expires := v_now + op.ttl;
    IF op.kind = ${writeKind.increment} THEN
      IF v_there AND (cur.counter IS NULL OR cur.counter !~ '^(0|-?[1-9][0-9]{0,18})$'
          OR cur.counter::numeric NOT BETWEEN -9223372036854775808 AND 9223372036854775807) THEN
        status := ${writeStatus.notACounter};
        RETURN NEXT;
        CONTINUE;
      END IF;
      v_sum := CASE WHEN v_there THEN cur.counter::numeric ELSE 0 END + op.delta;
      IF v_sum NOT BETWEEN -9223372036854775808 AND 9223372036854775807 THEN
        status := ${writeStatus.counterOverflow};
        RETURN NEXT;
        CONTINUE;
      END IF;
      number := v_sum::bigint;
      v_value := convert_to(number::text, 'UTF8');
      v_expires := CASE WHEN v_there THEN cur.expires_at_ms END;
    END IF;

    IF v_there THEN
      UPDATE kv_entry e SET etag = op.etag, expires_at_ms = v_expires, value = v_value
        WHERE e.namespace_id = p_namespace AND e.key = op.key;
    ELSE
      INSERT INTO kv_entry VALUES (p_namespace, op.key, op.etag, v_expires, v_value);
    END IF;
    IF op.token IS NOT NULL THEN
      INSERT INTO kv_token VALUES (p_namespace, op.key, op.token, op.etag, v_now + p_token_ms)
        ON CONFLICT (namespace_id, key)
        DO UPDATE SET token = excluded.token, etag = excluded.etag, kept_until_ms = excluded.kept_until_ms;
    END IF;
    IF v_watched THEN
      INSERT INTO kv_change (namespace_id, kind, key, etag, expires_at_ms, value)
        VALUES (p_namespace, 'set', op.key, op.etag, v_expires, v_value);
      v_changed := true;
    END IF;
    seen := op.etag;
    RETURN NEXT;
  END LOOP;
  IF v_changed THEN
    PERFORM kv_notify(p_namespace);
  END IF;
END
$$;

-- Removes entries of a namespace that have expired, the earliest first; returns how many.
CREATE FUNCTION kv_expire(p_namespace int, p_rows_max int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_watched boolean := kv_lock(p_namespace);
  v_now bigint := now_ms();
  v_count int := 0;
  op record;
BEGIN
  FOR op IN
    SELECT e.key FROM kv_entry e WHERE e.namespace_id = p_namespace AND e.expires_at_ms <= v_now
      ORDER BY e.expires_at_ms LIMIT p_rows_max
  LOOP
    DELETE FROM kv_entry e WHERE e.namespace_id = p_namespace AND e.key = op.key;
    IF v_watched THEN
      INSERT INTO kv_change (namespace_id, kind, key) VALUES (p_namespace, 'expired', op.key);
    END IF;
    v_count := v_count + 1;
  END LOOP;
  IF v_watched AND v_count > 0 THEN
    PERFORM kv_notify(p_namespace);
  END IF;
  RETURN v_count;
END
$$;

-- Lets a process see all changes of a namespace that are made from now on; returns the position after which they stand.
CREATE FUNCTION kv_watch(p_namespace int, p_process uuid, p_lease_ms bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_head bigint;
BEGIN
  PERFORM kv_lock(p_namespace);
  SELECT CASE WHEN is_called THEN last_value ELSE 0 END INTO v_head FROM kv_change_seq_seq;
  INSERT INTO kv_lease VALUES (p_namespace, p_process, v_head, now_ms() + p_lease_ms)
    ON CONFLICT (namespace_id, process) DO UPDATE SET ends_at_ms = excluded.ends_at_ms;
  RETURN v_head;
END
$$;

-- What changed in a namespace after a position that the process has come to, up to so many rows and bytes and one row more. Makes the
-- lease last longer when it is asked to. A lease that has ended does not come back: a change may be missing.
CREATE FUNCTION kv_read(
  p_namespace int, p_process uuid, p_position bigint, p_renew_ms bigint, p_rows_max int, p_bytes_max bigint
) RETURNS TABLE (seq bigint, kind text, key bytea, etag text, expires_at_ms bigint, value bytea) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  IF p_renew_ms IS NOT NULL THEN
    UPDATE kv_lease SET ends_at_ms = now_ms() + p_renew_ms, position = p_position
      WHERE namespace_id = p_namespace AND process = p_process AND ends_at_ms > now_ms();
  ELSE
    PERFORM FROM kv_lease WHERE namespace_id = p_namespace AND process = p_process AND ends_at_ms > now_ms();
  END IF;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the lease on the changes has ended' USING ERRCODE = '${leaseEndedState}';
  END IF;
  RETURN QUERY
    SELECT c.seq, c.kind, c.key, c.etag, c.expires_at_ms, c.value
    FROM (
      SELECT n.*, coalesce(sum(octet_length(n.value)) OVER (ORDER BY n.seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
      FROM (SELECT * FROM kv_change WHERE namespace_id = p_namespace AND seq > p_position ORDER BY seq LIMIT p_rows_max) AS n
    ) AS c
    WHERE c.before <= p_bytes_max ORDER BY c.seq;
END
$$;

-- Removes rows of a namespace that was forgotten; returns how many. The lock lets writers end that had found it before.
CREATE FUNCTION kv_remove(p_namespace int, p_rows_max int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_entries int;
  v_tokens int;
BEGIN
  PERFORM pg_advisory_xact_lock(${lockClass(schema, "key-value")}, p_namespace);
  DELETE FROM kv_entry WHERE ctid = ANY (ARRAY(SELECT ctid FROM kv_entry WHERE namespace_id = p_namespace LIMIT p_rows_max));
  GET DIAGNOSTICS v_entries = ROW_COUNT;
  DELETE FROM kv_token WHERE ctid = ANY (ARRAY(SELECT ctid FROM kv_token WHERE namespace_id = p_namespace LIMIT p_rows_max));
  GET DIAGNOSTICS v_tokens = ROW_COUNT;
  DELETE FROM kv_lease WHERE namespace_id = p_namespace;
  DELETE FROM kv_change WHERE namespace_id = p_namespace;
  RETURN v_entries + v_tokens;
END
$$;

CREATE FUNCTION kv_end_tokens(p_rows_max int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_count int;
BEGIN
  DELETE FROM kv_token WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM kv_token WHERE kept_until_ms <= statement_ms() LIMIT p_rows_max FOR UPDATE SKIP LOCKED
  ));
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END
$$;

-- Removes changes that every process with a lease has seen, and leases that have long ended.
CREATE FUNCTION kv_trim() RETURNS void LANGUAGE sql AS $$
  DELETE FROM kv_lease WHERE ends_at_ms + ${leaseGraceMs} <= now_ms();
  DELETE FROM kv_change c WHERE NOT EXISTS (
    SELECT FROM kv_lease l WHERE l.namespace_id = c.namespace_id AND l.position < c.seq
  );
$$;
`;
