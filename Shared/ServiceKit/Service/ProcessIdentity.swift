import Glibc

/// Which process this is.
enum ProcessIdentity {
    /// The process id.
    static var number: Int { Int(getpid()) }

    /// The name of the host, without its domain.
    static var host: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "host" }
        let name = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return String(name.prefix { $0 != "." })
    }
}
