CREATE TABLE inflow_changes (
	load_id BIGINT NOT NULL, 
	base_load_id BIGINT NOT NULL, 
	unchanged_count BIGINT NOT NULL, 
	superseded_count BIGINT NOT NULL, 
	changed_lines TEXT NOT NULL, 
	PRIMARY KEY (load_id)
);

CREATE TABLE inflow_chunks (
	load_id BIGINT NOT NULL, 
	first_row BIGINT NOT NULL, 
	row_count BIGINT NOT NULL, 
	PRIMARY KEY (load_id, first_row)
);

CREATE TABLE inflow_count_deltas (
	load_id BIGINT NOT NULL, 
	first_row BIGINT NOT NULL, 
	part BIGINT NOT NULL, 
	dataset VARCHAR(64) NOT NULL, 
	deltas TEXT NOT NULL, 
	PRIMARY KEY (load_id, first_row, part)
);

CREATE TABLE inflow_count_people_6a646b4d (
	place_of_birth VARCHAR(255) NOT NULL, 
	_row_count BIGINT NOT NULL, 
	PRIMARY KEY (place_of_birth)
);

CREATE TABLE inflow_counts (
	name VARCHAR(64) NOT NULL, 
	dataset VARCHAR(64) NOT NULL, 
	built_at DATETIME NOT NULL, 
	PRIMARY KEY (name)
);

CREATE TABLE inflow_inbox (
	file VARCHAR(768) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	reason VARCHAR(64) NOT NULL, 
	message TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	PRIMARY KEY (file)
);

CREATE TABLE inflow_installation (
	installation_id VARCHAR(32) NOT NULL, 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY (installation_id)
);

CREATE TABLE inflow_loads (
	load_id BIGINT NOT NULL, 
	token VARCHAR(16), 
	chunk_rows BIGINT, 
	chunk_bytes BIGINT, 
	file VARCHAR(768) NOT NULL, 
	dataset VARCHAR(64), 
	state VARCHAR(16) NOT NULL, 
	reason VARCHAR(64), 
	message TEXT, 
	size_bytes BIGINT NOT NULL, 
	header TEXT, 
	ignored_columns TEXT, 
	read_as TEXT, 
	confidence_percent BIGINT, 
	feed VARCHAR(255), 
	manner TEXT, 
	row_count BIGINT, 
	lines TEXT, 
	fingerprint VARCHAR(64), 
	first_pass_milliseconds BIGINT, 
	rows_done BIGINT DEFAULT '0' NOT NULL, 
	inserted BIGINT DEFAULT '0' NOT NULL, 
	updated BIGINT DEFAULT '0' NOT NULL, 
	unchanged BIGINT DEFAULT '0' NOT NULL, 
	superseded BIGINT DEFAULT '0' NOT NULL, 
	rejected BIGINT DEFAULT '0' NOT NULL, 
	modified_at DATETIME, 
	claimed_at DATETIME, 
	published_at DATETIME, 
	completed_at DATETIME, 
	archived_at DATETIME, 
	summarised_at DATETIME, 
	PRIMARY KEY (load_id)
);

CREATE INDEX ix_inflow_loads_feed ON inflow_loads (feed);

CREATE INDEX ix_inflow_loads_file ON inflow_loads (file);

CREATE INDEX ix_inflow_loads_state ON inflow_loads (state);

CREATE INDEX ix_inflow_loads_summarised_at ON inflow_loads (summarised_at);

CREATE TABLE inflow_migrations (
	version BIGINT NOT NULL, 
	applied_at DATETIME NOT NULL, 
	PRIMARY KEY (version)
);

CREATE TABLE inflow_outbox (
	load_id BIGINT NOT NULL, 
	dataset VARCHAR(64) NOT NULL, 
	completed_at DATETIME NOT NULL, 
	PRIMARY KEY (load_id)
);

CREATE TABLE inflow_rejects (
	load_id BIGINT NOT NULL, 
	line BIGINT NOT NULL, 
	byte_offset BIGINT, 
	column_name VARCHAR(255), 
	code VARCHAR(64) NOT NULL, 
	message TEXT NOT NULL, 
	raw TEXT NOT NULL, 
	healed_by BIGINT, 
	PRIMARY KEY (load_id, line)
);

CREATE INDEX ix_inflow_rejects_raw ON inflow_rejects (load_id, raw);

CREATE TABLE inflow_sequences (
	name VARCHAR(64) NOT NULL, 
	value BIGINT NOT NULL, 
	PRIMARY KEY (name)
);

CREATE TABLE inflow_services (
	service VARCHAR(32) NOT NULL, 
	host VARCHAR(255) NOT NULL, 
	process_id BIGINT NOT NULL, 
	version VARCHAR(64) NOT NULL, 
	started_at DATETIME NOT NULL, 
	seen_at DATETIME NOT NULL, 
	waits_for TEXT, 
	waits_since DATETIME, 
	PRIMARY KEY (service, host, process_id)
);

CREATE TABLE inflow_summaries (
	file VARCHAR(255) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	written_at DATETIME NOT NULL, 
	PRIMARY KEY (file)
);

CREATE TABLE places (
	city VARCHAR(255) NOT NULL, 
	county VARCHAR(255), 
	country VARCHAR(255), 
	_asserted_load BIGINT NOT NULL, 
	_asserted_line BIGINT NOT NULL, 
	_changed_load BIGINT NOT NULL, 
	_changed_line BIGINT NOT NULL, 
	_inferred BOOLEAN NOT NULL, 
	_before BLOB, 
	PRIMARY KEY (city)
);

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
	_before BLOB, 
	PRIMARY KEY (given_name, family_name, date_of_birth), 
	CONSTRAINT fk_people_birthplace FOREIGN KEY(place_of_birth) REFERENCES places (city)
);

CREATE INDEX ix_people_birthplace ON people (place_of_birth);

INSERT INTO inflow_migrations (version, applied_at) VALUES (1, '2026-11-30 00:00:00'), (2, '2026-11-30 00:00:00'), (3, '2026-11-30 00:00:00');
