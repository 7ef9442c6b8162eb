-- The tables of a cluster's members, jobs and reminders, and the statements that Orleans' ADO.NET providers ask for by
-- name in orleansquery. Made by: hieravid silo --deploy. Done again it changes nothing that is stored.

CREATE TABLE IF NOT EXISTS orleansquery (querykey varchar(64) PRIMARY KEY, querytext text NOT NULL);

CREATE TABLE IF NOT EXISTS hieravid_cluster (
    cluster text PRIMARY KEY,
    version integer NOT NULL DEFAULT 0);

CREATE TABLE IF NOT EXISTS hieravid_silo (
    cluster text NOT NULL REFERENCES hieravid_cluster,
    address text NOT NULL,
    port integer NOT NULL,
    generation integer NOT NULL,
    name text NOT NULL,
    host text NOT NULL,
    status integer NOT NULL,
    gateway integer NOT NULL,
    suspects text,
    started timestamptz NOT NULL,
    alive timestamptz NOT NULL,
    PRIMARY KEY (cluster, address, port, generation));

-- A grain is known by its hashed type and key and, where hashes meet, by the names themselves.
CREATE TABLE IF NOT EXISTS hieravid_state (
    service text NOT NULL,
    type_hash integer NOT NULL,
    key_hash integer NOT NULL,
    type text NOT NULL,
    key_0 bigint NOT NULL,
    key_1 bigint NOT NULL,
    key_text text NOT NULL,
    payload bytea,
    version integer NOT NULL,
    changed timestamptz NOT NULL DEFAULT now());
CREATE UNIQUE INDEX IF NOT EXISTS hieravid_state_grain
    ON hieravid_state (key_hash, type_hash, service, type, key_0, key_1, key_text);

CREATE TABLE IF NOT EXISTS hieravid_reminder (
    service text NOT NULL,
    grain text NOT NULL,
    name text NOT NULL,
    starts timestamptz NOT NULL,
    period bigint NOT NULL,
    hash integer NOT NULL,
    version integer NOT NULL,
    PRIMARY KEY (service, grain, name));
CREATE INDEX IF NOT EXISTS hieravid_reminder_hash ON hieravid_reminder (service, hash);

DELETE FROM orleansquery;
INSERT INTO orleansquery (querykey, querytext) VALUES

-- Members. Whoever changes a row raises the cluster's version in the same statement, and only if nobody else did before.
('InsertMembershipVersionKey', $$
    WITH made AS (INSERT INTO hieravid_cluster (cluster) VALUES (@DeploymentId) ON CONFLICT DO NOTHING RETURNING 1)
    SELECT EXISTS (SELECT FROM made)$$),
('InsertMembershipKey', $$
    WITH raised AS (
        UPDATE hieravid_cluster SET version = version + 1 WHERE cluster = @DeploymentId AND version = @Version
            AND NOT EXISTS (SELECT FROM hieravid_silo s WHERE s.cluster = @DeploymentId AND s.address = @Address AND s.port = @Port AND s.generation = @Generation)
        RETURNING cluster),
    made AS (
        INSERT INTO hieravid_silo (cluster, address, port, generation, name, host, status, gateway, started, alive)
        SELECT cluster, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime FROM raised
        RETURNING 1)
    SELECT EXISTS (SELECT FROM made)$$),
('UpdateMembershipKey', $$
    WITH raised AS (
        UPDATE hieravid_cluster SET version = version + 1 WHERE cluster = @DeploymentId AND version = @Version RETURNING cluster),
    changed AS (
        UPDATE hieravid_silo s SET status = @Status, suspects = @SuspectTimes, alive = @IAmAliveTime FROM raised
        WHERE s.cluster = raised.cluster AND s.address = @Address AND s.port = @Port AND s.generation = @Generation
        RETURNING 1)
    SELECT EXISTS (SELECT FROM changed)$$),
('UpdateIAmAlivetimeKey', $$
    UPDATE hieravid_silo SET alive = @IAmAliveTime
    WHERE cluster = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation$$),
('MembershipReadAllKey', $$
    SELECT c.cluster AS DeploymentId, s.address AS Address, s.port AS Port, s.generation AS Generation, s.name AS SiloName, s.host AS HostName,
        s.status AS Status, s.gateway AS ProxyPort, s.suspects AS SuspectTimes, s.started AS StartTime, s.alive AS IAmAliveTime, c.version AS Version
    FROM hieravid_cluster c LEFT JOIN hieravid_silo s ON s.cluster = c.cluster WHERE c.cluster = @DeploymentId$$),
('MembershipReadRowKey', $$
    SELECT c.cluster AS DeploymentId, s.address AS Address, s.port AS Port, s.generation AS Generation, s.name AS SiloName, s.host AS HostName,
        s.status AS Status, s.gateway AS ProxyPort, s.suspects AS SuspectTimes, s.started AS StartTime, s.alive AS IAmAliveTime, c.version AS Version
    FROM hieravid_cluster c LEFT JOIN hieravid_silo s
        ON s.cluster = c.cluster AND s.address = @Address AND s.port = @Port AND s.generation = @Generation
    WHERE c.cluster = @DeploymentId$$),
('GatewaysQueryKey', $$
    SELECT address AS Address, gateway AS ProxyPort, generation AS Generation FROM hieravid_silo
    WHERE cluster = @DeploymentId AND status = @Status AND gateway > 0$$),
('DeleteMembershipTableEntriesKey', $$
    WITH silos AS (DELETE FROM hieravid_silo WHERE cluster = @DeploymentId)
    UPDATE hieravid_cluster SET version = version + 1 WHERE cluster = @DeploymentId$$),
('CleanupDefunctSiloEntriesKey', $$
    DELETE FROM hieravid_silo WHERE cluster = @DeploymentId AND status = 6 AND alive < @IAmAliveTime$$),

-- State of grains: a write says which version it replaces, and tells the new one; no row where another was there before.
('WriteToStorageKey', $$
    INSERT INTO hieravid_state AS s (service, type_hash, key_hash, type, key_0, key_1, key_text, payload, version)
    SELECT @ServiceId, @GrainTypeHash, @GrainIdHash, @GrainTypeString, @GrainIdN0, @GrainIdN1, COALESCE(CAST(@GrainIdExtensionString AS text), ''),
        CAST(@PayloadBinary AS bytea), COALESCE(CAST(@GrainStateVersion AS integer), 0) + 1
    ON CONFLICT (key_hash, type_hash, service, type, key_0, key_1, key_text) DO UPDATE
        SET payload = EXCLUDED.payload, version = EXCLUDED.version, changed = now()
        WHERE s.version = CAST(@GrainStateVersion AS integer)
    RETURNING version AS NewGrainStateVersion$$),
('ReadFromStorageKey', $$
    SELECT payload AS PayloadBinary, version AS Version FROM hieravid_state
    WHERE key_hash = @GrainIdHash AND type_hash = @GrainTypeHash AND service = @ServiceId AND type = @GrainTypeString
        AND key_0 = @GrainIdN0 AND key_1 = @GrainIdN1 AND key_text = COALESCE(CAST(@GrainIdExtensionString AS text), '')$$),
('ClearStorageKey', $$
    UPDATE hieravid_state SET payload = NULL, version = version + 1, changed = now()
    WHERE key_hash = @GrainIdHash AND type_hash = @GrainTypeHash AND service = @ServiceId AND type = @GrainTypeString
        AND key_0 = @GrainIdN0 AND key_1 = @GrainIdN1 AND key_text = COALESCE(CAST(@GrainIdExtensionString AS text), '')
        AND version = CAST(@GrainStateVersion AS integer)
    RETURNING version AS NewGrainStateVersion$$),

-- Reminders. A range that begins above its end goes around the circle of hashes.
('UpsertReminderRowKey', $$
    INSERT INTO hieravid_reminder AS r (service, grain, name, starts, period, hash, version)
    VALUES (@ServiceId, @GrainId, @ReminderName, @StartTime, @Period, @GrainHash, 0)
    ON CONFLICT (service, grain, name) DO UPDATE
        SET starts = EXCLUDED.starts, period = EXCLUDED.period, hash = EXCLUDED.hash, version = r.version + 1
    RETURNING version AS Version$$),
('ReadReminderRowsKey', $$
    SELECT grain AS GrainId, name AS ReminderName, starts AS StartTime, period AS Period, version AS Version
    FROM hieravid_reminder WHERE service = @ServiceId AND grain = @GrainId$$),
('ReadReminderRowKey', $$
    SELECT grain AS GrainId, name AS ReminderName, starts AS StartTime, period AS Period, version AS Version
    FROM hieravid_reminder WHERE service = @ServiceId AND grain = @GrainId AND name = @ReminderName$$),
('ReadRangeRows1Key', $$
    SELECT grain AS GrainId, name AS ReminderName, starts AS StartTime, period AS Period, version AS Version
    FROM hieravid_reminder WHERE service = @ServiceId AND hash > @BeginHash AND hash <= @EndHash$$),
('ReadRangeRows2Key', $$
    SELECT grain AS GrainId, name AS ReminderName, starts AS StartTime, period AS Period, version AS Version
    FROM hieravid_reminder WHERE service = @ServiceId AND (hash > @BeginHash OR hash <= @EndHash)$$),
('DeleteReminderRowKey', $$
    WITH gone AS (DELETE FROM hieravid_reminder WHERE service = @ServiceId AND grain = @GrainId AND name = @ReminderName AND version = @Version RETURNING 1)
    SELECT EXISTS (SELECT FROM gone)$$),
('DeleteReminderRowsKey', $$
    DELETE FROM hieravid_reminder WHERE service = @ServiceId$$);
