import Synchronization

/// The largest body that a path takes, where that is not the usual size.
final class BodyLimits: Sendable {
    private let bytes = Mutex<[String: Int]>([:])

    func set(_ bytes: Int, at path: String) { self.bytes.withLock { $0[path] = bytes } }

    /// In bytes.
    func limit(at path: String) -> Int { bytes.withLock { $0[path] } ?? ServiceRequestContext.bodyMax }
}
