/// The last sequence number applied for each key, as far as it is remembered; the rest is in `consumer_keys`.
struct KeySequences {
    /// What is to be done with an event by its place in its key's sequence.
    enum Verdict: Equatable {
        /// It is the next one, or no order is kept for it.
        case apply
        /// It took effect before.
        case skip
        /// Those after `last` come first.
        case pull(last: Int64)
        /// Look up what was applied last.
        case look
    }

    private var last: [String: Int64] = [:]
    private let keysMax: Int

    init(keysMax: Int = 10_000) { self.keysMax = keysMax }

    func verdict(key: String, sequence: Int64) -> Verdict {
        guard sequence > 0 else { return .apply }
        guard let last = last[key] else { return .look }
        if sequence <= last { return .skip }
        return sequence == last + 1 ? .apply : .pull(last: last)
    }

    /// Forgets everything rather than grow beyond the limit.
    mutating func applied(key: String, sequence: Int64) {
        guard sequence > 0 else { return }
        if last.count >= keysMax, last[key] == nil { last.removeAll() }
        last[key] = max(sequence, last[key] ?? 0)
    }

    /// After trouble only the table knows.
    mutating func forget() { last.removeAll() }
}
