-- market-data removes the candles that are older than their timeframe's retention.
GRANT DELETE ON candles TO market_data;
