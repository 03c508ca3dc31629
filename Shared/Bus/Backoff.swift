/// Pauses between attempts to connect: doubling, each between half and the whole of its value.
struct Backoff {
    private let first: Duration
    private let maximum: Duration
    private var pause: Duration

    init(first: Duration, maximum: Duration) {
        self.first = first
        self.maximum = maximum
        self.pause = first
    }

    mutating func next() -> Duration {
        let chosen = pause * Double.random(in: 0.5...1)
        pause = min(pause * 2, maximum)
        return chosen
    }

    mutating func reset() { pause = first }
}
