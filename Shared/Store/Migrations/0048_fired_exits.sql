-- A protective order that its trigger has set off here leaves as a market order, whoever sends it: after a crash, too.
ALTER TABLE orders ADD COLUMN fired boolean NOT NULL DEFAULT false;
GRANT UPDATE (fired) ON orders TO execution;
