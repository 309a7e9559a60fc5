SET NAMES utf8mb4;

CREATE TABLE inflow_changes (
	load_id BIGINT NOT NULL, 
	base_load_id BIGINT NOT NULL COMMENT 'the load whose file it was compared with', 
	unchanged_count BIGINT NOT NULL COMMENT 'rows that are not published', 
	superseded_count BIGINT NOT NULL COMMENT 'the same, of keys that it repeats', 
	changed_lines MEDIUMTEXT NOT NULL COMMENT 'lines of the others, JSON, until they are archived', 
	PRIMARY KEY (load_id)
)ENGINE=InnoDB CHARSET=utf8mb4 COMMENT='Files that were compared with an earlier edition; of open loads, what is published.' COLLATE utf8mb4_0900_bin;

CREATE TABLE inflow_chunks (
	load_id BIGINT NOT NULL, 
	first_row BIGINT NOT NULL, 
	row_count BIGINT NOT NULL, 
	PRIMARY KEY (load_id, first_row)
)ENGINE=InnoDB CHARSET=utf8mb4 COMMENT='The chunk ledger: what was already applied.' COLLATE utf8mb4_0900_bin;

CREATE TABLE inflow_count_deltas (
	load_id BIGINT NOT NULL, 
	first_row BIGINT NOT NULL, 
	part BIGINT NOT NULL, 
	dataset VARCHAR(64) NOT NULL, 
	deltas MEDIUMTEXT NOT NULL COMMENT 'values and difference, by kept count, JSON', 
	PRIMARY KEY (load_id, first_row, part)
)ENGINE=InnoDB CHARSET=utf8mb4 COMMENT='What chunks that changed rows add to the kept counts, until it is folded into them.' COLLATE utf8mb4_0900_bin;

CREATE TABLE inflow_count_people_6a646b4d (
	place_of_birth VARCHAR(255) NOT NULL, 
	_row_count BIGINT NOT NULL, 
	PRIMARY KEY (place_of_birth)
)ENGINE=InnoDB CHARSET=utf8mb4 COMMENT='Kept count: people by place_of_birth.' COLLATE utf8mb4_0900_bin;

CREATE TABLE inflow_counts (
	name VARCHAR(64) NOT NULL COMMENT 'of the table that holds it', 
	dataset VARCHAR(64) NOT NULL, 
	built_at DATETIME(6) NOT NULL COMMENT 'UTC', 
	PRIMARY KEY (name)
)ENGINE=InnoDB CHARSET=utf8mb4 COMMENT='Kept counts: with the deltas still to fold, each is what counting the whole table gives.' COLLATE utf8mb4_0900_bin;

CREATE TABLE inflow_inbox (
	file VARCHAR(768) NOT NULL COMMENT 'path below the inbox', 
	state VARCHAR(16) NOT NULL, 
	reason VARCHAR(64) NOT NULL, 
	message TEXT NOT NULL, 
	since DATETIME(6) NOT NULL, 
	PRIMARY KEY (file)
)ENGINE=InnoDB CHARSET=utf8mb4 COMMENT='Files that the watcher sees in the inbox and has not claimed, and why.' COLLATE utf8mb4_0900_bin;

CREATE TABLE inflow_installation (
	installation_id VARCHAR(32) NOT NULL, 
	created_at DATETIME(6) NOT NULL COMMENT 'UTC', 
	PRIMARY KEY (installation_id)
)ENGINE=InnoDB CHARSET=utf8mb4 COMMENT='One row: what tells this installation from others, in every message.' COLLATE utf8mb4_0900_bin;

CREATE TABLE inflow_loads (
	load_id BIGINT NOT NULL, 
	token VARCHAR(16) COMMENT 'made at the claim; NULL: claimed before version 1 of these tables', 
	chunk_rows BIGINT COMMENT 'the most rows of a chunk, as in the claimed file''s name', 
	chunk_bytes BIGINT COMMENT 'the same in bytes of the file', 
	file VARCHAR(768) NOT NULL COMMENT 'path below the inbox', 
	dataset VARCHAR(64), 
	state VARCHAR(16) NOT NULL COMMENT 'claimed, reading, published, complete, archived, refused', 
	reason VARCHAR(64) COMMENT 'why it is not further, for machines', 
	message MEDIUMTEXT COMMENT 'the same, for people', 
	size_bytes BIGINT NOT NULL, 
	header MEDIUMTEXT COMMENT 'the file''s columns, JSON', 
	ignored_columns MEDIUMTEXT COMMENT 'those that no dataset column takes, JSON', 
	read_as MEDIUMTEXT COMMENT 'format, encoding and dialect, in words', 
	confidence_percent BIGINT COMMENT 'how sure that is', 
	feed VARCHAR(255) COMMENT 'the kind of files that it is compared with', 
	manner MEDIUMTEXT COMMENT 'what is compared, JSON', 
	row_count BIGINT COMMENT 'rows of the file, once its manifest is here', 
	`lines` MEDIUMTEXT COMMENT 'what became of those that are not rows, JSON; NULL: not known', 
	fingerprint VARCHAR(64) COMMENT 'of the file''s bytes and its dataset''s definition', 
	first_pass_milliseconds BIGINT COMMENT 'spent on a look for rejects; NULL: there was none', 
	rows_done BIGINT NOT NULL DEFAULT '0', 
	inserted BIGINT NOT NULL DEFAULT '0', 
	updated BIGINT NOT NULL DEFAULT '0', 
	unchanged BIGINT NOT NULL DEFAULT '0', 
	superseded BIGINT NOT NULL DEFAULT '0', 
	rejected BIGINT NOT NULL DEFAULT '0', 
	modified_at DATETIME(6) COMMENT 'UTC', 
	claimed_at DATETIME(6) COMMENT 'UTC', 
	published_at DATETIME(6) COMMENT 'UTC', 
	completed_at DATETIME(6) COMMENT 'UTC', 
	archived_at DATETIME(6) COMMENT 'UTC', 
	summarised_at DATETIME(6) COMMENT 'UTC', 
	PRIMARY KEY (load_id)
)ENGINE=InnoDB CHARSET=utf8mb4 COMMENT='One row per claimed file: its state and its accounts.' COLLATE utf8mb4_0900_bin;

CREATE INDEX ix_inflow_loads_feed ON inflow_loads (feed);

CREATE INDEX ix_inflow_loads_file ON inflow_loads (file);

CREATE INDEX ix_inflow_loads_state ON inflow_loads (state);

CREATE INDEX ix_inflow_loads_summarised_at ON inflow_loads (summarised_at);

CREATE TABLE inflow_migrations (
	version BIGINT NOT NULL, 
	applied_at DATETIME(6) NOT NULL COMMENT 'UTC', 
	PRIMARY KEY (version)
)ENGINE=InnoDB CHARSET=utf8mb4 COMMENT='The versions of these tables; the highest one is that of the program that they are for.' COLLATE utf8mb4_0900_bin;

CREATE TABLE inflow_outbox (
	load_id BIGINT NOT NULL, 
	dataset VARCHAR(64) NOT NULL, 
	completed_at DATETIME(6) NOT NULL, 
	PRIMARY KEY (load_id)
)ENGINE=InnoDB CHARSET=utf8mb4 COMMENT='load.completed events still to publish, written with the completion itself.' COLLATE utf8mb4_0900_bin;

CREATE TABLE inflow_rejects (
	load_id BIGINT NOT NULL, 
	line BIGINT NOT NULL, 
	byte_offset BIGINT COMMENT 'where the row begins in the file; NULL: unknown', 
	column_name VARCHAR(255) COMMENT 'NULL where the row as a whole is at fault', 
	code VARCHAR(64) NOT NULL, 
	message MEDIUMTEXT NOT NULL, 
	raw MEDIUMTEXT NOT NULL COMMENT 'the row as one CSV record of the file''s columns', 
	healed_by BIGINT COMMENT 'the first load that has the row mended; NULL: it is open', 
	PRIMARY KEY (load_id, line)
)ENGINE=InnoDB CHARSET=utf8mb4 COMMENT='Rows refused, one entry each.' COLLATE utf8mb4_0900_bin;

CREATE INDEX ix_inflow_rejects_raw ON inflow_rejects (load_id, raw(100));

CREATE TABLE inflow_sequences (
	name VARCHAR(64) NOT NULL, 
	value BIGINT NOT NULL, 
	PRIMARY KEY (name)
)ENGINE=InnoDB CHARSET=utf8mb4 COMMENT='Numbers given out so far; load numbers only ever grow.' COLLATE utf8mb4_0900_bin;

CREATE TABLE inflow_services (
	service VARCHAR(32) NOT NULL, 
	host VARCHAR(255) NOT NULL, 
	process_id BIGINT NOT NULL, 
	version VARCHAR(64) NOT NULL, 
	started_at DATETIME(6) NOT NULL COMMENT 'UTC', 
	seen_at DATETIME(6) NOT NULL COMMENT 'UTC; the last heartbeat', 
	waits_for MEDIUMTEXT COMMENT 'what keeps it from working; NULL: it works', 
	waits_since DATETIME(6) COMMENT 'UTC', 
	PRIMARY KEY (service, host, process_id)
)ENGINE=InnoDB CHARSET=utf8mb4 COMMENT='Heartbeats: which services work, and what the others wait for.' COLLATE utf8mb4_0900_bin;

CREATE TABLE inflow_summaries (
	file VARCHAR(255) NOT NULL COMMENT 'name in the data folder', 
	digest VARCHAR(64) NOT NULL COMMENT 'SHA-256 of its content', 
	written_at DATETIME(6) NOT NULL COMMENT 'UTC', 
	PRIMARY KEY (file)
)ENGINE=InnoDB CHARSET=utf8mb4 COMMENT='What the summaries'' files hold: one that differs is written again.' COLLATE utf8mb4_0900_bin;

CREATE TABLE places (
	city VARCHAR(255) NOT NULL, 
	county VARCHAR(255), 
	country VARCHAR(255), 
	_asserted_load BIGINT NOT NULL, 
	_asserted_line BIGINT NOT NULL, 
	_changed_load BIGINT NOT NULL, 
	_changed_line BIGINT NOT NULL, 
	_inferred BOOL NOT NULL, 
	_before BINARY(16) COMMENT 'digest of the values before the load in _changed_load; NULL: that load inserted the row', 
	PRIMARY KEY (city)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_0900_bin;

CREATE INDEX ix_places_inferred ON places (_inferred);

CREATE TABLE people (
	given_name VARCHAR(255) NOT NULL, 
	family_name VARCHAR(255) NOT NULL, 
	date_of_birth DATE NOT NULL, 
	place_of_birth VARCHAR(255) NOT NULL, 
	_asserted_load BIGINT NOT NULL, 
	_asserted_line BIGINT NOT NULL, 
	_changed_load BIGINT NOT NULL, 
	_changed_line BIGINT NOT NULL, 
	_before BINARY(16) COMMENT 'digest of the values before the load in _changed_load; NULL: that load inserted the row', 
	PRIMARY KEY (given_name, family_name, date_of_birth), 
	CONSTRAINT fk_people_birthplace FOREIGN KEY(place_of_birth) REFERENCES places (city)
)ENGINE=InnoDB CHARSET=utf8mb4 COLLATE utf8mb4_0900_bin;

CREATE INDEX ix_people_birthplace ON people (place_of_birth);

INSERT INTO inflow_migrations (version, applied_at) VALUES (1, UTC_TIMESTAMP(6)), (2, UTC_TIMESTAMP(6)), (3, UTC_TIMESTAMP(6));
