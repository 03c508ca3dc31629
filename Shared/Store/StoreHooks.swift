/// Where the store tells what it sees. Called from many threads; each must return at once.
package struct StoreHooks: Sendable {
    /// A statement was answered.
    package var queryFinished: @Sendable (Duration) -> Void
    /// How many connections of the pool are idle and busy, and how many callers wait.
    package var poolChanged: @Sendable (_ idle: Int, _ busy: Int, _ waiting: Int) -> Void
    package var failed: @Sendable (StoreError.Code) -> Void
    /// The database answers (nil), or why it does not.
    package var reachable: @Sendable (_ trouble: String?) -> Void
    /// How far a consumer is behind: events not yet read (counted up to 10,000) and the age of the oldest in seconds.
    package var consumerLag: @Sendable (_ consumer: String, _ events: Int, _ seconds: Double) -> Void
    package var deadLettered: @Sendable (_ consumer: String) -> Void
    /// For how many seconds the oldest running transaction has held readers back.
    package var horizonAge: @Sendable (_ seconds: Double) -> Void

    /// Hooks that do nothing, to be replaced one by one.
    package init() {
        queryFinished = { _ in }
        poolChanged = { _, _, _ in }
        failed = { _ in }
        reachable = { _ in }
        consumerLag = { _, _, _ in }
        deadLettered = { _ in }
        horizonAge = { _ in }
    }
}
