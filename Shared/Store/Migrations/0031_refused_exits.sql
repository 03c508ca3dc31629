-- Exits that the venue refused, which are tried again while their position is open.
CREATE INDEX orders_refused_exits ON orders (account, symbol) WHERE purpose = 'exit' AND state = 'rejected';
