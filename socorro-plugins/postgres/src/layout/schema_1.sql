-- Version 1. Runs with the schema in front of the search path, in one transaction.

CREATE TABLE raw_crash (
    crash_date    date        NOT NULL,
    crash_id      uuid        NOT NULL,
    document      bytea       NOT NULL,
    json          jsonb,
    json_refused  text,
    dumps_digest  bytea       NOT NULL,
    revision      integer     NOT NULL DEFAULT 1,
    saved_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (crash_date, crash_id)
) PARTITION BY RANGE (crash_date);
COMMENT ON TABLE raw_crash IS 'Raw crashes, partitioned by the date in the crash id.';
COMMENT ON COLUMN raw_crash.document IS 'The exact bytes that were saved.';
COMMENT ON COLUMN raw_crash.json IS 'The same for queries; null when jsonb cannot hold it.';
COMMENT ON COLUMN raw_crash.json_refused IS 'Why json is null.';
COMMENT ON COLUMN raw_crash.dumps_digest IS 'BLAKE3 over names and contents of the dumps; empty when dumps are declined.';
COMMENT ON COLUMN raw_crash.revision IS 'How often it was saved with different content.';

CREATE TABLE processed_crash (
    crash_date    date        NOT NULL,
    crash_id      uuid        NOT NULL,
    document      bytea       NOT NULL,
    json          jsonb,
    json_refused  text,
    revision      integer     NOT NULL DEFAULT 1,
    saved_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (crash_date, crash_id)
) PARTITION BY RANGE (crash_date);
COMMENT ON TABLE processed_crash IS 'Processed crashes, partitioned by the date in the crash id.';

CREATE TABLE dump (
    crash_date    date        NOT NULL,
    crash_id      uuid        NOT NULL,
    name          text        COLLATE "C" NOT NULL,
    content       bytea       NOT NULL,
    PRIMARY KEY (crash_date, crash_id, name)
) PARTITION BY RANGE (crash_date);
COMMENT ON TABLE dump IS 'The dumps of the raw crashes.';
-- Dumps are compressed already or not worth it, and uncompressed ones can be measured without being read.
ALTER TABLE dump ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE TABLE raw_crash_default PARTITION OF raw_crash DEFAULT;
CREATE TABLE processed_crash_default PARTITION OF processed_crash DEFAULT;
CREATE TABLE dump_default PARTITION OF dump DEFAULT;
ALTER TABLE dump_default ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE TABLE new_crash (
    queue         text        COLLATE "C" NOT NULL,
    crash_id      uuid        NOT NULL,
    crash_date    date        NOT NULL,
    priority      smallint    NOT NULL,
    number        bigint      GENERATED ALWAYS AS IDENTITY,
    due           timestamptz NOT NULL DEFAULT now(),
    attempts      integer     NOT NULL DEFAULT 0,
    lease         bigint,
    holder        text,
    renewed       boolean     NOT NULL DEFAULT false,
    dead          boolean     NOT NULL DEFAULT false,
    reason        text,
    queued_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (crash_id, queue)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
CREATE INDEX new_crash_next ON new_crash (queue, priority, number) WHERE NOT dead;
COMMENT ON TABLE new_crash IS 'Queues of new crashes.';
COMMENT ON COLUMN new_crash.priority IS '0 priority, 1 standard, 2 reprocessing.';
COMMENT ON COLUMN new_crash.due IS 'Not handed out before; when it is out, the end of its lease.';
COMMENT ON COLUMN new_crash.attempts IS 'How often it was handed out.';
COMMENT ON COLUMN new_crash.lease IS 'Names one delivery; null when nobody has it.';
COMMENT ON COLUMN new_crash.renewed IS 'Saved again while it was out: acknowledging it queues it again.';
COMMENT ON COLUMN new_crash.dead IS 'Handed out no more; reason says why.';

-- What everybody locks who changes the schema or its partitions.
CREATE FUNCTION lock_key() RETURNS bigint
LANGUAGE sql STABLE SET search_path FROM CURRENT
AS $$ SELECT hashtextextended('socorro ' || current_schema(), 0) $$;

-- The first day of the partition that holds a day.
CREATE FUNCTION partition_start(day date, days integer) RETURNS date
LANGUAGE sql IMMUTABLE SET search_path FROM CURRENT
AS $$ SELECT date '2000-01-03' + floor((day - date '2000-01-03')::float8 / days)::integer * days $$;

-- Makes the partitions for a day, unless it belongs into the default partition: more than `ahead` days from
-- now, or older than a year when there are `most` partitions. True when they are there. Runs as the owner.
CREATE FUNCTION ensure_partition(day date, ahead integer, most integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
DECLARE
    width  integer := (SELECT days FROM layout);
    start  date := partition_start(day, width);
    today  date := (now() AT TIME ZONE 'utc')::date;
    suffix text := to_char(start, 'YYYYMMDD');
    name   text;
BEGIN
    IF day > today + ahead THEN
        RETURN false;
    END IF;
    IF EXISTS (SELECT FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
               WHERE inhparent = 'raw_crash'::regclass AND relname = 'raw_crash_' || suffix) THEN
        RETURN true;
    END IF;
    PERFORM pg_advisory_xact_lock(lock_key());
    -- Somebody may have made it while we waited; with a new snapshot we see it.
    IF EXISTS (SELECT FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
               WHERE inhparent = 'raw_crash'::regclass AND relname = 'raw_crash_' || suffix) THEN
        RETURN true;
    END IF;
    -- Recent days always get theirs, so that a flood of hostile old dates cannot take it from them.
    IF day < today - 366
       AND (SELECT count(*) FROM pg_inherits WHERE inhparent = 'raw_crash'::regclass) > most THEN
        RETURN false;
    END IF;
    -- Somebody detached it and kept the table: it is theirs.
    FOREACH name IN ARRAY ARRAY['raw_crash', 'dump', 'processed_crash'] LOOP
        IF to_regclass(format('%I', name || '_' || suffix)) IS NOT NULL THEN
            RETURN false;
        END IF;
    END LOOP;
    FOREACH name IN ARRAY ARRAY['raw_crash', 'dump', 'processed_crash'] LOOP
        -- Made apart and attached, which does not lock out those who read and write other partitions.
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL EXCLUDING INDEXES)',
                       name || '_' || suffix, name);
        -- Nobody may add rows of this partition to the default one from here on.
        EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', name || '_default');
        EXECUTE format('WITH moved AS (DELETE FROM %I WHERE crash_date >= %L AND crash_date < %L RETURNING *)
                        INSERT INTO %I SELECT * FROM moved',
                       name || '_default', start, start + width, name || '_' || suffix);
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                       name, name || '_' || suffix, start, start + width);
    END LOOP;
    RETURN true;
END $$;

-- Drops the oldest partition that ends before a day; when there is none left, deletes up to a thousand older
-- rows from the default partition. Returns what it removed, null when nothing is left. Runs as the owner.
CREATE FUNCTION drop_expired(before date) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$
DECLARE
    width  integer := (SELECT days FROM layout);
    suffix text;
    name   text;
    gone   bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(lock_key());
    SELECT right(relname, 8) INTO suffix
    FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
    WHERE inhparent = 'raw_crash'::regclass AND relname ~ '^raw_crash_[0-9]{8}$'
      AND to_date(right(relname, 8), 'YYYYMMDD') + width <= before
    ORDER BY 1 LIMIT 1;
    IF suffix IS NOT NULL THEN
        FOREACH name IN ARRAY ARRAY['raw_crash', 'dump', 'processed_crash'] LOOP
            EXECUTE format('DROP TABLE IF EXISTS %I', name || '_' || suffix);
        END LOOP;
        RETURN 'the partitions of ' || suffix;
    END IF;
    -- Raw crashes first, so that one that is there has its dumps.
    FOREACH name IN ARRAY ARRAY['raw_crash_default', 'dump_default', 'processed_crash_default', 'new_crash'] LOOP
        EXECUTE format('DELETE FROM %I WHERE ctid = ANY (ARRAY(SELECT ctid FROM %I WHERE crash_date < %L LIMIT 1000))',
                       name, name, before);
        GET DIAGNOSTICS gone = ROW_COUNT;
        IF gone > 0 THEN
            RETURN gone || ' rows of ' || name;
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

-- Puts a crash into a queue, for people and programs other than the plugin.
CREATE FUNCTION enqueue(queue text, crash_id uuid, priority text DEFAULT 'standard') RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
    rank smallint := array_position(ARRAY['priority', 'standard', 'reprocessing'], priority) - 1;
BEGIN
    IF rank IS NULL THEN
        RAISE EXCEPTION 'priority is "priority", "standard" or "reprocessing", not "%"', priority
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO new_crash AS old (queue, crash_id, crash_date, priority)
    VALUES (enqueue.queue, enqueue.crash_id, to_date('20' || right(enqueue.crash_id::text, 6), 'YYYYMMDD'), rank)
    ON CONFLICT ON CONSTRAINT new_crash_pkey DO UPDATE SET
        priority = least(old.priority, excluded.priority), dead = false, attempts = 0, reason = NULL,
        due = CASE WHEN old.lease IS NULL THEN now() ELSE old.due END;
END $$;

REVOKE ALL ON FUNCTION ensure_partition(date, integer, integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION drop_expired(date) FROM PUBLIC;
REVOKE ALL ON FUNCTION enqueue(text, uuid, text) FROM PUBLIC;
