import { namespaceGoneState } from "../errors.js";
import { channelOf } from "./channel.js";
import { lockClass } from "./lock-class.js";

/** Leases that have ended are taken back so many at a time, so that no receive takes long. */
const lapsedPerReceiveMax = 1_000;

/**
 * A message is ready or delayed (`lease` is NULL, `due_ms` says from when on it can be received), leased (`lease` names the delivery,
 * `due_ms` says when it ends), or dead (`died_at_ms`). What becomes ready again gets the time when it was sent as its `due_ms`, and so
 * its old place in the order.
 */
export const queueTables = (schema: string) => `
CREATE SEQUENCE queue_lease;

CREATE TABLE queue_message (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  queue_id int NOT NULL,
  sent_at_ms bigint NOT NULL,
  due_ms bigint NOT NULL,
  lease bigint,
  died_at_ms bigint,
  delivery_count int NOT NULL DEFAULT 0,
  size_bytes int NOT NULL,
  last_cause bytea,
  topic bytea,
  message_id bytea NOT NULL,
  key bytea NOT NULL,
  content_type bytea NOT NULL,
  headers bytea NOT NULL,
  payload bytea NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
CREATE INDEX queue_message_ready ON queue_message (queue_id, due_ms, id) WHERE lease IS NULL AND died_at_ms IS NULL;
CREATE INDEX queue_message_leased ON queue_message (queue_id, due_ms) WHERE lease IS NOT NULL;
CREATE INDEX queue_message_dead ON queue_message (queue_id, died_at_ms, id) WHERE died_at_ms IS NOT NULL;
CREATE INDEX queue_message_by_age ON queue_message (queue_id, sent_at_ms);

CREATE TABLE queue_deduplication (
  queue_id int NOT NULL,
  deduplication_id bytea NOT NULL,
  message_id bytea NOT NULL,
  ends_at_ms bigint NOT NULL,
  PRIMARY KEY (queue_id, deduplication_id)
);
CREATE INDEX queue_deduplication_by_end ON queue_deduplication (ends_at_ms);

CREATE FUNCTION queue_notify(p_queue int) RETURNS void LANGUAGE sql AS $$
  SELECT pg_notify('${channelOf(schema)}', 'queue:' || p_queue)
$$;

-- Keeps a queue from being removed until the transaction ends; with p_alone, others that ask for the same wait.
CREATE FUNCTION queue_lock(p_queue int, p_alone boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF p_alone THEN
    PERFORM pg_advisory_xact_lock(${lockClass(schema, "queue")}, p_queue);
  ELSE
    PERFORM pg_advisory_xact_lock_shared(${lockClass(schema, "queue")}, p_queue);
  END IF;
  IF NOT EXISTS (SELECT FROM namespace WHERE id = p_queue AND name IS NOT NULL) THEN
    RAISE EXCEPTION 'the namespace is gone' USING ERRCODE = '${namespaceGoneState}';
  END IF;
END
$$;

-- Sends messages in order. For each, the id of the first message with its deduplication id, or NULL when it was sent.
CREATE FUNCTION queue_send(
  p_queue int, p_ids bytea[], p_keys bytea[], p_content_types bytea[], p_headers bytea[], p_payloads bytea[], p_sizes int[],
  p_delays bigint[], p_deduplication_ids bytea[], p_window_ms bigint
) RETURNS TABLE (duplicate_of bytea) LANGUAGE plpgsql AS $$
DECLARE
  v_now bigint;
  op record;
BEGIN
  PERFORM queue_lock(p_queue, array_length(array_remove(p_deduplication_ids, NULL), 1) > 0);
  v_now := now_ms();
  FOR op IN
    SELECT * FROM unnest(
      p_ids, p_keys, p_content_types, p_headers, p_payloads, p_sizes, p_delays, p_deduplication_ids
    ) AS t(id, key, content_type, headers, payload, size_bytes, delay_ms, deduplication_id)
  LOOP
    duplicate_of := NULL;
    IF op.deduplication_id IS NOT NULL THEN
      SELECT d.message_id INTO duplicate_of FROM queue_deduplication d
        WHERE d.queue_id = p_queue AND d.deduplication_id = op.deduplication_id AND d.ends_at_ms > v_now;
      IF FOUND THEN
        RETURN NEXT;
        CONTINUE;
      END IF;
      INSERT INTO queue_deduplication VALUES (p_queue, op.deduplication_id, op.id, v_now + p_window_ms)
        ON CONFLICT (queue_id, deduplication_id)
        DO UPDATE SET message_id = excluded.message_id, ends_at_ms = excluded.ends_at_ms;
    END IF;
    INSERT INTO queue_message (queue_id, sent_at_ms, due_ms, size_bytes, message_id, key, content_type, headers, payload)
      VALUES (p_queue, v_now, v_now + op.delay_ms, op.size_bytes, op.id, op.key, op.content_type, op.headers, op.payload);
    RETURN NEXT;
  END LOOP;
  PERFORM queue_notify(p_queue);
END
$$;

-- Takes back messages whose leases have ended: they are ready again, or dead after their last delivery.
CREATE FUNCTION queue_lapse(p_queue int, p_deliveries_max int) RETURNS void LANGUAGE sql AS $$
  UPDATE queue_message m
    SET lease = NULL, due_ms = m.sent_at_ms, died_at_ms = CASE WHEN m.delivery_count >= p_deliveries_max THEN now_ms() END
    FROM (
      SELECT id FROM queue_message
        WHERE queue_id = p_queue AND lease IS NOT NULL AND due_ms <= statement_ms()
        ORDER BY due_ms LIMIT ${lapsedPerReceiveMax} FOR UPDATE SKIP LOCKED
    ) AS lapsed
    WHERE m.id = lapsed.id
$$;

-- Leases messages that are ready, the oldest first, up to so many and so many bytes; a first one that is larger alone. No more than one of
-- p_takers equal parts of what is ready. What is too old is removed instead.
CREATE FUNCTION queue_receive(
  p_queue int, p_messages_max int, p_bytes_max bigint, p_lease_ms bigint, p_deliveries_max int, p_retention_ms bigint, p_takers int
) RETURNS TABLE (
  id bigint, lease bigint, sent_at_ms bigint, due_ms bigint, delivery_count int, topic bytea,
  message_id bytea, key bytea, content_type bytea, headers bytea, payload bytea
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_now bigint;
  v_bytes bigint := 0;
  v_ids bigint[] := '{}';
  op record;
BEGIN
  PERFORM queue_lapse(p_queue, p_deliveries_max);
  v_now := now_ms();
  IF p_takers > 1 THEN
    SELECT ceil(count(*)::numeric / p_takers) INTO p_messages_max FROM (
      SELECT FROM queue_message m
        WHERE m.queue_id = p_queue AND m.lease IS NULL AND m.died_at_ms IS NULL AND m.due_ms <= v_now
        LIMIT p_messages_max * p_takers
    ) AS ready;
  END IF;
  FOR op IN
    SELECT m.id, m.size_bytes, m.sent_at_ms FROM queue_message m
      WHERE m.queue_id = p_queue AND m.lease IS NULL AND m.died_at_ms IS NULL AND m.due_ms <= v_now
      ORDER BY m.due_ms, m.id LIMIT p_messages_max FOR UPDATE SKIP LOCKED
  LOOP
    IF op.sent_at_ms <= v_now - p_retention_ms THEN
      DELETE FROM queue_message m WHERE m.id = op.id;
      CONTINUE;
    END IF;
    v_bytes := v_bytes + op.size_bytes;
    EXIT WHEN v_ids <> '{}' AND v_bytes > p_bytes_max;
    v_ids := v_ids || op.id;
  END LOOP;
  IF v_ids = '{}' THEN
    RETURN;
  END IF;
  RETURN QUERY
    WITH taken AS (
      UPDATE queue_message m
        SET lease = nextval('queue_lease'), due_ms = v_now + p_lease_ms, delivery_count = m.delivery_count + 1
        FROM unnest(v_ids) WITH ORDINALITY AS t(id, n)
        WHERE m.id = t.id
        RETURNING t.n, m.*
    )
    SELECT t.id, t.lease, t.sent_at_ms, t.due_ms, t.delivery_count, t.topic,
        t.message_id, t.key, t.content_type, t.headers, t.payload
      FROM taken t ORDER BY t.n;
END
$$;

-- In how many ms a lease or a delay ends next; NULL: none will.
CREATE FUNCTION queue_next_due_ms(p_queue int) RETURNS bigint LANGUAGE sql AS $$
  SELECT least(
    (SELECT min(due_ms) FROM queue_message WHERE queue_id = p_queue AND lease IS NOT NULL),
    (SELECT min(due_ms) FROM queue_message WHERE queue_id = p_queue AND lease IS NULL AND died_at_ms IS NULL)
  ) - now_ms()
$$;

-- Removes messages that were handled; says of each delivery whether its lease was still good.
CREATE FUNCTION queue_acknowledge(p_queue int, p_ids bigint[], p_leases bigint[]) RETURNS TABLE (done boolean) LANGUAGE plpgsql AS $$
DECLARE
  v_now bigint := now_ms();
  op record;
BEGIN
  FOR op IN SELECT * FROM unnest(p_ids, p_leases) AS t(id, lease) LOOP
    DELETE FROM queue_message m WHERE m.id = op.id AND m.queue_id = p_queue AND m.lease = op.lease AND m.due_ms > v_now;
    done := FOUND;
    RETURN NEXT;
  END LOOP;
END
$$;

-- Makes messages ready again, or dead after their last delivery; says of each delivery whether its lease was still good.
CREATE FUNCTION queue_reject(
  p_queue int, p_ids bigint[], p_leases bigint[], p_delay_ms bigint, p_cause bytea, p_deliveries_max int
) RETURNS TABLE (done boolean) LANGUAGE plpgsql AS $$
DECLARE
  v_now bigint := now_ms();
  op record;
BEGIN
  FOR op IN SELECT * FROM unnest(p_ids, p_leases) AS t(id, lease) LOOP
    UPDATE queue_message m SET
        lease = NULL,
        due_ms = CASE WHEN p_delay_ms > 0 THEN v_now + p_delay_ms ELSE m.sent_at_ms END,
        last_cause = p_cause,
        died_at_ms = CASE WHEN m.delivery_count >= p_deliveries_max THEN v_now END
      WHERE m.id = op.id AND m.queue_id = p_queue AND m.lease = op.lease AND m.due_ms > v_now;
    done := FOUND;
    RETURN NEXT;
  END LOOP;
  PERFORM queue_notify(p_queue);
END
$$;

-- Ends leases whose worker has left: each message goes on as if its lease had ended. Unless p_counts, the delivery is taken out of its
-- count first.
CREATE FUNCTION queue_release(p_queue int, p_ids bigint[], p_leases bigint[], p_counts boolean, p_deliveries_max int)
RETURNS void LANGUAGE sql AS $$
  UPDATE queue_message m SET
      lease = NULL,
      due_ms = m.sent_at_ms,
      delivery_count = m.delivery_count - CASE WHEN p_counts THEN 0 ELSE 1 END,
      died_at_ms = CASE WHEN p_counts AND m.delivery_count >= p_deliveries_max THEN now_ms() END
    FROM unnest(p_ids, p_leases) AS t(id, lease)
    WHERE m.id = t.id AND m.queue_id = p_queue AND m.lease = t.lease AND m.due_ms > now_ms();
  SELECT queue_notify(p_queue);
$$;

-- Lets leases end so many ms from now; for each delivery when that is, or NULL when its lease was not good any more.
CREATE FUNCTION queue_extend(p_queue int, p_ids bigint[], p_leases bigint[], p_lease_ms bigint)
RETURNS TABLE (ends_at_ms bigint) LANGUAGE plpgsql AS $$
DECLARE
  v_now bigint := now_ms();
  op record;
BEGIN
  FOR op IN SELECT * FROM unnest(p_ids, p_leases) AS t(id, lease) LOOP
    ends_at_ms := NULL;
    UPDATE queue_message m SET due_ms = v_now + p_lease_ms
      WHERE m.id = op.id AND m.queue_id = p_queue AND m.lease = op.lease AND m.due_ms > v_now
      RETURNING m.due_ms INTO ends_at_ms;
    RETURN NEXT;
  END LOOP;
END
$$;

CREATE FUNCTION queue_describe(p_queue int, p_deliveries_max int)
RETURNS TABLE (ready bigint, leased bigint, delayed bigint, dead bigint, oldest_sent_at_ms bigint) LANGUAGE plpgsql AS $$
DECLARE
  v_now bigint;
BEGIN
  PERFORM queue_lapse(p_queue, p_deliveries_max);
  v_now := now_ms();
  RETURN QUERY SELECT
    (SELECT count(*) FROM queue_message WHERE queue_id = p_queue AND lease IS NULL AND died_at_ms IS NULL AND due_ms <= v_now),
    (SELECT count(*) FROM queue_message WHERE queue_id = p_queue AND lease IS NOT NULL),
    (SELECT count(*) FROM queue_message WHERE queue_id = p_queue AND lease IS NULL AND died_at_ms IS NULL AND due_ms > v_now),
    (SELECT count(*) FROM queue_message WHERE queue_id = p_queue AND died_at_ms IS NOT NULL),
    (SELECT min(sent_at_ms) FROM queue_message WHERE queue_id = p_queue AND lease IS NULL AND died_at_ms IS NULL AND due_ms <= v_now);
END
$$;

-- One page of dead letters, the oldest first: up to so many and so many bytes, one at least; fetched: as many, and one more if there is.
CREATE FUNCTION queue_dead_letters(p_queue int, p_after_ms bigint, p_after_id bigint, p_letters_max int, p_bytes_max bigint)
RETURNS TABLE (
  id bigint, sent_at_ms bigint, died_at_ms bigint, delivery_count int, last_cause bytea,
  message_id bytea, key bytea, content_type bytea, headers bytea, payload bytea, fetched bigint
) LANGUAGE sql AS $$
  SELECT id, sent_at_ms, died_at_ms, delivery_count, last_cause, message_id, key, content_type, headers, payload, fetched
  FROM (
    SELECT *, row_number() OVER in_order AS n, count(*) OVER () AS fetched, sum(size_bytes) OVER in_order AS total_bytes
    FROM (
      SELECT * FROM queue_message
        WHERE queue_id = p_queue AND died_at_ms IS NOT NULL AND (died_at_ms, id) > (p_after_ms, p_after_id)
        ORDER BY died_at_ms, id LIMIT p_letters_max + 1
    ) AS candidates
    WINDOW in_order AS (ORDER BY died_at_ms, id ROWS UNBOUNDED PRECEDING)
  ) AS counted
  WHERE n = 1 OR (n <= p_letters_max AND total_bytes <= p_bytes_max) ORDER BY died_at_ms, id
$$;

-- Makes dead letters ready again: those of these messages, or the oldest; returns how many.
CREATE FUNCTION queue_redrive(p_queue int, p_message_ids bytea[], p_letters_max int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_count int;
BEGIN
  UPDATE queue_message m SET died_at_ms = NULL, delivery_count = 0, last_cause = NULL, due_ms = m.sent_at_ms
    FROM (
      SELECT id FROM queue_message
        WHERE queue_id = p_queue AND died_at_ms IS NOT NULL AND (p_message_ids IS NULL OR message_id = ANY (p_message_ids))
        ORDER BY died_at_ms, id LIMIT p_letters_max FOR UPDATE SKIP LOCKED
    ) AS chosen
    WHERE m.id = chosen.id;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  PERFORM queue_notify(p_queue);
  RETURN v_count;
END
$$;

-- Removes messages that are older than they may get in these queues; returns how many. One that is leased is judged when it comes back.
CREATE FUNCTION queue_expire(p_queues int[], p_retentions_ms bigint[], p_rows_max int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_count int;
BEGIN
  DELETE FROM queue_message WHERE id = ANY (ARRAY(
    SELECT old.id FROM unnest(p_queues, p_retentions_ms) AS q(id, retention_ms)
      CROSS JOIN LATERAL (
        SELECT m.id FROM queue_message m
          WHERE m.queue_id = q.id AND m.sent_at_ms <= statement_ms() - q.retention_ms AND m.lease IS NULL
          LIMIT p_rows_max FOR UPDATE SKIP LOCKED
      ) AS old
      LIMIT p_rows_max
  ));
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END
$$;

-- Removes rows of a queue that was forgotten; returns how many. The lock lets senders end that had found it before.
CREATE FUNCTION queue_remove(p_queue int, p_rows_max int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_messages int;
  v_others int;
BEGIN
  PERFORM pg_advisory_xact_lock(${lockClass(schema, "queue")}, p_queue);
  DELETE FROM queue_message WHERE ctid = ANY (ARRAY(SELECT ctid FROM queue_message WHERE queue_id = p_queue LIMIT p_rows_max));
  GET DIAGNOSTICS v_messages = ROW_COUNT;
  DELETE FROM queue_deduplication WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM queue_deduplication WHERE queue_id = p_queue LIMIT p_rows_max
  ));
  GET DIAGNOSTICS v_others = ROW_COUNT;
  RETURN v_messages + v_others;
END
$$;

CREATE FUNCTION queue_end_deduplication(p_rows_max int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_count int;
BEGIN
  DELETE FROM queue_deduplication WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM queue_deduplication WHERE ends_at_ms <= statement_ms() LIMIT p_rows_max FOR UPDATE SKIP LOCKED
  ));
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END
$$;
`;
