import Foundation
import Glibc

/// Says hello to a mail server and good-bye at once.
struct SMTPGreeting: Sendable, Equatable {
    let offersTLS: Bool

    /// Why there was no greeting.
    enum Trouble: String, Error {
        case unknownHost = "is not a known host"
        case refused = "takes no connection"
        /// As a server does that wants TLS from the first byte.
        case silent = "does not greet"
    }

    /// Blocks on a thread of its own, at most about 10 seconds.
    static func ask(host: String, port: UInt16) async -> Result<SMTPGreeting, Trouble> {
        await withCheckedContinuation { continuation in
            let thread = Thread { continuation.resume(returning: converse(host, port)) }
            thread.start()
        }
    }

    private static func converse(_ host: String, _ port: UInt16) -> Result<SMTPGreeting, Trouble> {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &found) == 0 else { return .failure(.unknownHost) }
        defer { freeaddrinfo(found) }
        var next = found
        while let entry = next {
            next = entry.pointee.ai_next
            let descriptor = socket(entry.pointee.ai_family, entry.pointee.ai_socktype, entry.pointee.ai_protocol)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            var limit = timeval(tv_sec: 5, tv_usec: 0)
            for option in [SO_SNDTIMEO, SO_RCVTIMEO] {
                setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
            }
            guard connect(descriptor, entry.pointee.ai_addr, entry.pointee.ai_addrlen) == 0 else { continue }
            return greet(descriptor)
        }
        return .failure(.refused)
    }

    private static func greet(_ descriptor: Int32) -> Result<SMTPGreeting, Trouble> {
        guard read(descriptor)?.hasPrefix("220") == true else { return .failure(.silent) }
        write(descriptor, "EHLO plimsoll\r\n")
        let offers = read(descriptor) ?? ""
        write(descriptor, "QUIT\r\n")
        return .success(SMTPGreeting(offersTLS: offers.uppercased().contains("STARTTLS")))
    }

    private static func write(_ descriptor: Int32, _ text: String) {
        let bytes = Array(text.utf8)
        _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// A whole reply: its last line has a blank after the code.
    private static func read(_ descriptor: Int32) -> String? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1024)
        while bytes.count < 16_384 {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
            let text = String(decoding: bytes, as: UTF8.self)
            let last = text.split(separator: "\r\n").last ?? ""
            if text.hasSuffix("\r\n"), last.dropFirst(3).first == " " { return text }
        }
        return nil
    }
}
