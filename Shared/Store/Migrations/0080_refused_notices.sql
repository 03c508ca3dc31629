-- The last notice of a group reached nobody: the row holds what was known before it, and the next round tells again.
ALTER TABLE notification_log ADD COLUMN is_open boolean NOT NULL DEFAULT false;
