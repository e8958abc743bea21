import { leaseEndedState, namespaceGoneState } from "../errors.js";
import { channelOf } from "./channel.js";
import { leaseGraceMs } from "./key-value-tables.js";

/** How long what a subscription without a group holds outlives the session of its process: longer than an outage. */
const ownGroupGraceMs = 60_000;

/**
 * What a group holds is a queue, whose id is the group's: publishing puts a copy into each. Subscriptions without a group that want
 * acknowledgements have a group of their own. Those that do not read `pubsub_message`, in which something is only kept while somebody
 * has a lease.
 *
 * Invariant: whoever publishes holds the namespace's row until that is committed, so messages are in the order of the commits, and a
 * subscription that is in place misses none.
 */
export const pubSubTables = (schema: string) => `
CREATE TABLE pubsub_namespace (
  namespace_id int PRIMARY KEY,
  last_ms bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

-- pattern: the topic as a regular expression, where it has wildcards. pid, started: of a subscription without a group.
CREATE TABLE pubsub_group (
  id int PRIMARY KEY,
  namespace_id int NOT NULL,
  name bytea,
  topic text NOT NULL COLLATE "C",
  pattern text,
  seen_ms bigint NOT NULL,
  pid int,
  started timestamptz,
  lost_ms bigint
);
CREATE INDEX pubsub_group_by_topic ON pubsub_group (namespace_id, topic);

CREATE TABLE pubsub_lease (
  namespace_id int NOT NULL,
  process uuid NOT NULL,
  position bigint NOT NULL,
  ends_at_ms bigint NOT NULL,
  PRIMARY KEY (namespace_id, process)
);

CREATE TABLE pubsub_message (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  namespace_id int NOT NULL,
  topic text NOT NULL,
  published_at_ms bigint NOT NULL,
  size_bytes int NOT NULL,
  message_id bytea NOT NULL,
  key bytea NOT NULL,
  content_type bytea NOT NULL,
  headers bytea NOT NULL,
  payload bytea NOT NULL
);
CREATE INDEX pubsub_message_by_namespace ON pubsub_message (namespace_id, seq);

-- Locks a namespace until the transaction ends; returns the time, which does not go back.
CREATE FUNCTION pubsub_lock(p_namespace int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_now bigint;
BEGIN
  UPDATE pubsub_namespace SET last_ms = greatest(last_ms, now_ms()) WHERE namespace_id = p_namespace RETURNING last_ms INTO v_now;
  IF NOT FOUND OR NOT EXISTS (SELECT FROM namespace WHERE id = p_namespace AND name IS NOT NULL) THEN
    RAISE EXCEPTION 'the namespace is gone' USING ERRCODE = '${namespaceGoneState}';
  END IF;
  RETURN v_now;
END
$$;

-- Publishes messages in order.
CREATE FUNCTION pubsub_publish(
  p_namespace int, p_topics text[], p_ids bytea[], p_keys bytea[], p_content_types bytea[], p_headers bytea[], p_payloads bytea[],
  p_sizes int[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_now bigint := pubsub_lock(p_namespace);
  v_groups int[];
BEGIN
  WITH entries AS (
    SELECT * FROM unnest(p_topics, p_ids, p_keys, p_content_types, p_headers, p_payloads, p_sizes) WITH ORDINALITY
      AS t(topic, id, key, content_type, headers, payload, size_bytes, n)
  ), matches AS (
    SELECT t.topic, g.id FROM (SELECT DISTINCT topic FROM entries) AS t
      JOIN pubsub_group g ON g.namespace_id = p_namespace AND (g.topic = t.topic COLLATE "C" OR t.topic ~ g.pattern)
  ), held AS (
    INSERT INTO queue_message (
      queue_id, topic, sent_at_ms, due_ms, size_bytes, message_id, key, content_type, headers, payload
    )
      SELECT m.id, convert_to(e.topic, 'UTF8'), v_now, v_now, e.size_bytes, e.id, e.key, e.content_type, e.headers, e.payload
        FROM entries e JOIN matches m ON m.topic = e.topic ORDER BY e.n, m.id
  )
  SELECT array_agg(DISTINCT id) INTO v_groups FROM matches;
  PERFORM queue_notify(id) FROM unnest(v_groups) id;
  IF EXISTS (SELECT FROM pubsub_lease WHERE namespace_id = p_namespace AND ends_at_ms + ${leaseGraceMs} > now_ms()) THEN
    INSERT INTO pubsub_message (
      namespace_id, topic, published_at_ms, size_bytes, message_id, key, content_type, headers, payload
    )
      SELECT p_namespace, t.topic, v_now, t.size_bytes, t.id, t.key, t.content_type, t.headers, t.payload
        FROM unnest(p_topics, p_ids, p_keys, p_content_types, p_headers, p_payloads, p_sizes) WITH ORDINALITY
          AS t(topic, id, key, content_type, headers, payload, size_bytes, n)
        ORDER BY t.n;
    PERFORM pg_notify('${channelOf(schema)}', 'pub-sub:' || p_namespace);
  END IF;
END
$$;

-- Lets a process see all messages that are published from now on; returns the position after which they stand.
CREATE FUNCTION pubsub_listen(p_namespace int, p_process uuid, p_lease_ms bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_head bigint;
BEGIN
  PERFORM pubsub_lock(p_namespace);
  SELECT CASE WHEN is_called THEN last_value ELSE 0 END INTO v_head FROM pubsub_message_seq_seq;
  INSERT INTO pubsub_lease VALUES (p_namespace, p_process, v_head, now_ms() + p_lease_ms)
    ON CONFLICT (namespace_id, process) DO UPDATE SET ends_at_ms = excluded.ends_at_ms;
  RETURN v_head;
END
$$;

-- As kv_read, for messages.
CREATE FUNCTION pubsub_read(
  p_namespace int, p_process uuid, p_position bigint, p_renew_ms bigint, p_rows_max int, p_bytes_max bigint
) RETURNS TABLE (
  seq bigint, topic text, published_at_ms bigint,
  message_id bytea, key bytea, content_type bytea, headers bytea, payload bytea
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  IF p_renew_ms IS NOT NULL THEN
    UPDATE pubsub_lease SET ends_at_ms = now_ms() + p_renew_ms, position = p_position
      WHERE namespace_id = p_namespace AND process = p_process AND ends_at_ms > now_ms();
  ELSE
    PERFORM FROM pubsub_lease WHERE namespace_id = p_namespace AND process = p_process AND ends_at_ms > now_ms();
  END IF;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the lease on the messages has ended' USING ERRCODE = '${leaseEndedState}';
  END IF;
  RETURN QUERY
    SELECT m.seq, m.topic, m.published_at_ms, m.message_id, m.key, m.content_type, m.headers, m.payload
    FROM (
      SELECT n.*, sum(n.size_bytes) OVER (ORDER BY n.seq ROWS UNBOUNDED PRECEDING) - n.size_bytes AS before
      FROM (SELECT * FROM pubsub_message WHERE namespace_id = p_namespace AND seq > p_position ORDER BY seq LIMIT p_rows_max) AS n
    ) AS m
    WHERE m.before <= p_bytes_max ORDER BY m.seq;
END
$$;

-- Makes a group unless it is there: everything published from now on is held for it. p_own: it belongs to this session.
CREATE FUNCTION pubsub_group_make(p_namespace int, p_key text, p_name bytea, p_topic text, p_pattern text, p_own boolean)
RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_now bigint := pubsub_lock(p_namespace);
  v_id int;
BEGIN
  INSERT INTO namespace (pattern, name) VALUES ('pub-sub-group', p_namespace || ':' || p_key) ON CONFLICT DO NOTHING;
  SELECT id INTO v_id FROM namespace WHERE pattern = 'pub-sub-group' AND name = p_namespace || ':' || p_key;
  INSERT INTO pubsub_group (id, namespace_id, name, topic, pattern, seen_ms, pid, started)
    SELECT v_id, p_namespace, p_name, p_topic, p_pattern, v_now,
        CASE WHEN p_own THEN a.pid END, CASE WHEN p_own THEN a.backend_start END
      FROM pg_stat_activity a WHERE a.pid = pg_backend_pid()
    ON CONFLICT (id) DO UPDATE SET seen_ms = excluded.seen_ms, pid = excluded.pid, started = excluded.started, lost_ms = NULL;
  RETURN v_id;
END
$$;

-- Whether nobody will come back to a group: nobody was in it and it held nothing for so long, or its only subscriber's process has gone.
CREATE FUNCTION pubsub_is_over(p_group pubsub_group, p_retention_ms bigint) RETURNS boolean LANGUAGE sql AS $$
  SELECT CASE
    WHEN p_group.name IS NULL THEN coalesce(p_group.lost_ms <= now_ms() - ${ownGroupGraceMs}, false)
    ELSE p_group.seen_ms <= now_ms() - p_retention_ms AND NOT EXISTS (SELECT FROM queue_message m WHERE m.queue_id = p_group.id)
  END
$$;

-- Removes the rest of a group that is over, or whose only subscriber has left (p_left); returns how many rows that were, 0 at the end.
CREATE FUNCTION pubsub_group_remove(p_namespace int, p_group int, p_left boolean, p_retention_ms bigint, p_rows_max int)
RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_rows int;
BEGIN
  -- Somebody may publish to it, or come back.
  PERFORM FROM pubsub_namespace WHERE namespace_id = p_namespace FOR UPDATE;
  DELETE FROM pubsub_group g WHERE g.id = p_group AND (p_left OR pubsub_is_over(g, p_retention_ms));
  IF EXISTS (SELECT FROM pubsub_group WHERE id = p_group) THEN
    RETURN 0;
  END IF;
  v_rows := queue_remove(p_group, p_rows_max);
  IF v_rows = 0 THEN
    DELETE FROM namespace WHERE id = p_group AND pattern = 'pub-sub-group';
  END IF;
  RETURN v_rows;
END
$$;

CREATE FUNCTION pubsub_remove(p_namespace int, p_rows_max int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_rows int;
  v_messages int;
BEGIN
  -- Waits for those who publish; whoever comes later finds no namespace.
  DELETE FROM pubsub_namespace WHERE namespace_id = p_namespace;
  DELETE FROM pubsub_lease WHERE namespace_id = p_namespace;
  DELETE FROM pubsub_group WHERE namespace_id = p_namespace;
  SELECT coalesce(sum(pubsub_group_remove(p_namespace, id, true, 0, p_rows_max)), 0) INTO v_rows FROM namespace
    WHERE pattern = 'pub-sub-group' AND name LIKE p_namespace || ':%';
  DELETE FROM pubsub_message WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM pubsub_message WHERE namespace_id = p_namespace LIMIT p_rows_max
  ));
  GET DIAGNOSTICS v_messages = ROW_COUNT;
  RETURN v_rows + v_messages;
END
$$;

-- Gives up dead letters of a group: those that are still there are removed from it and published as these messages.
CREATE FUNCTION pubsub_bury(
  p_namespace int, p_group int, p_dead bigint[], p_topic text, p_ids bytea[], p_keys bytea[], p_content_types bytea[],
  p_headers bytea[], p_payloads bytea[], p_sizes int[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_gone bigint[];
BEGIN
  PERFORM pubsub_lock(p_namespace);
  WITH gone AS (
    DELETE FROM queue_message WHERE queue_id = p_group AND id = ANY (p_dead) AND died_at_ms IS NOT NULL RETURNING id
  )
  SELECT coalesce(array_agg(id), '{}') INTO v_gone FROM gone;
  PERFORM pubsub_publish(
      p_namespace, array_agg(p_topic ORDER BY n), array_agg(id ORDER BY n), array_agg(key ORDER BY n),
      array_agg(content_type ORDER BY n), array_agg(headers ORDER BY n), array_agg(payload ORDER BY n), array_agg(size_bytes ORDER BY n)
    )
    FROM unnest(p_dead, p_ids, p_keys, p_content_types, p_headers, p_payloads, p_sizes) WITH ORDINALITY
      AS t(dead, id, key, content_type, headers, payload, size_bytes, n)
    WHERE dead = ANY (v_gone) HAVING count(*) > 0;
END
$$;

-- Lets dead letters of a group that are not to be given up go on as they were.
CREATE FUNCTION pubsub_revive(p_group int, p_dead bigint[]) RETURNS void LANGUAGE sql AS $$
  UPDATE queue_message SET died_at_ms = NULL WHERE queue_id = p_group AND id = ANY (p_dead) AND died_at_ms IS NOT NULL;
  SELECT queue_notify(p_group);
$$;

-- Ends leases that are due in all groups of these namespaces; returns the groups that have dead letters.
CREATE FUNCTION pubsub_lapse(p_namespaces int[], p_deliveries_max int[])
RETURNS TABLE (namespace_id int, id int, name bytea) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  PERFORM queue_lapse(g.id, b.deliveries_max) FROM unnest(p_namespaces, p_deliveries_max) AS b(id, deliveries_max)
    JOIN pubsub_group g ON g.namespace_id = b.id
    WHERE g.name IS NOT NULL
      AND EXISTS (SELECT FROM queue_message m WHERE m.queue_id = g.id AND m.lease IS NOT NULL AND m.due_ms <= statement_ms());
  RETURN QUERY SELECT g.namespace_id, g.id, g.name FROM pubsub_group g
    WHERE g.namespace_id = ANY (p_namespaces) AND EXISTS (
      SELECT FROM queue_message m WHERE m.queue_id = g.id AND m.died_at_ms IS NOT NULL
    );
END
$$;

-- Notes which groups somebody is in; returns those of these namespaces that are over.
CREATE FUNCTION pubsub_over(p_namespaces int[], p_retentions_ms bigint[], p_seen int[])
RETURNS TABLE (namespace_id int, id int, retention_ms bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  UPDATE pubsub_group g SET seen_ms = now_ms() WHERE g.id = ANY (p_seen);
  UPDATE pubsub_group g SET lost_ms = CASE WHEN a.pid IS NULL THEN now_ms() END
    FROM pubsub_group o LEFT JOIN pg_stat_activity a ON a.pid = o.pid AND a.backend_start = o.started
    WHERE g.id = o.id AND g.namespace_id = ANY (p_namespaces) AND g.pid IS NOT NULL AND (a.pid IS NULL) <> (g.lost_ms IS NOT NULL);
  RETURN QUERY
    WITH bound AS (SELECT * FROM unnest(p_namespaces, p_retentions_ms) AS b(id, retention_ms))
    SELECT g.namespace_id, g.id, b.retention_ms FROM bound b JOIN pubsub_group g ON g.namespace_id = b.id
      WHERE pubsub_is_over(g, b.retention_ms)
    UNION ALL
    SELECT b.id, n.id, b.retention_ms FROM namespace n JOIN bound b ON b.id = split_part(n.name, ':', 1)::int
      WHERE n.pattern = 'pub-sub-group' AND n.name IS NOT NULL AND NOT EXISTS (SELECT FROM pubsub_group g WHERE g.id = n.id);
END
$$;

-- Removes messages that the groups of these namespaces have held for too long; returns how many.
CREATE FUNCTION pubsub_expire(p_namespaces int[], p_retentions_ms bigint[], p_rows_max int) RETURNS int LANGUAGE sql AS $$
  SELECT queue_expire(array_agg(g.id), array_agg(b.retention_ms), p_rows_max)
    FROM unnest(p_namespaces, p_retentions_ms) AS b(id, retention_ms) JOIN pubsub_group g ON g.namespace_id = b.id
    WHERE g.name IS NOT NULL
$$;

CREATE FUNCTION pubsub_trim() RETURNS void LANGUAGE sql AS $$
  DELETE FROM pubsub_lease WHERE ends_at_ms + ${leaseGraceMs} <= now_ms();
  DELETE FROM pubsub_message c WHERE NOT EXISTS (
    SELECT FROM pubsub_lease l WHERE l.namespace_id = c.namespace_id AND l.position < c.seq
  );
$$;
`;
