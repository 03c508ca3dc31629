import Foundation
import Glibc

/// A private redis-server of one test: on a free port, with a password, without persistence.
final class RedisServer {
    let port: Int32
    let password = "canary-\(UInt32.random(in: 0 ... .max))"
    private var process: Process?

    init() throws {
        port = try Self.freePort()
        try start()
    }

    deinit { kill() }

    /// Starts the server on its port again after `kill`.
    func start() throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/redis-server")
        process.arguments = [
            "--port", "\(port)", "--bind", "127.0.0.1", "--requirepass", password, "--save", "", "--appendonly", "no",
            "--dir", NSTemporaryDirectory(),
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
    }

    /// kill -9, as machines do.
    func kill() {
        guard let process, process.isRunning else { return }
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Stops answering without closing anything.
    func freeze() { if let process { Glibc.kill(process.processIdentifier, SIGSTOP) } }
    func thaw() { if let process { Glibc.kill(process.processIdentifier, SIGCONT) } }

    private static func freePort() throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { Glibc.close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0 && getsockname(descriptor, generic, &length) == 0
            }
        }
        guard bound else { throw CocoaError(.fileNoSuchFile) }
        return Int32(UInt16(bigEndian: address.sin_port))
    }
}
