-- One row for each symbol that an instance works on: each has its own progress, and fails alone.
ALTER TABLE strategy_instances DROP CONSTRAINT strategy_instances_pkey;
ALTER TABLE strategy_instances ADD PRIMARY KEY (id, symbol);
