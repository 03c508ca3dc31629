import CHiredis
import Glibc

/// Why Redis could not be used.
struct RedisError: Error, Equatable {
    enum Code: Equatable {
        case couldNotConnect, authenticationRefused, lost
    }

    let code: Code
    let message: String
}

/// One connection to Redis. It blocks and belongs to the thread that made it.
final class RedisConnection {
    /// What a subscribed connection says.
    enum Push {
        case message(channel: String, bytes: [UInt8])
        case subscribed(channel: String)
        case other
    }

    private let context: UnsafeMutablePointer<redisContext>

    /// - Throws: `RedisError` when there is no server, or it does not take the password.
    init(_ settings: BusSettings) throws(RedisError) {
        guard let made = redisConnectWithTimeout(settings.host, settings.port, settings.connectTimeout.timeval) else {
            throw RedisError(code: .couldNotConnect, message: "out of memory")
        }
        context = made
        guard made.pointee.err == 0 else {
            let reason = String(cString: plimsoll_redis_error(made))
            throw RedisError(code: .couldNotConnect, message: "\(settings.host):\(settings.port): \(reason)")
        }
        redisSetTimeout(made, settings.answerTimeout.timeval)
        if let password = settings.password, !password.isEmpty {
            append([Array("AUTH".utf8), Array(password.utf8)])
            if let refusal = try readAnswer() {
                // Redis answers a password-less server's AUTH with an error as well; its text holds no secret.
                throw RedisError(
                    code: .authenticationRefused, message: "\(settings.host):\(settings.port): \(refusal)")
            }
        }
    }

    deinit { redisFree(context) }

    var descriptor: Int32 { context.pointee.fd }

    /// Puts a command into the output buffer.
    func append(_ words: [[UInt8]]) {
        let lengths = words.map(\.count)
        withPointers(words, 0, []) { pointers in
            var arguments = pointers
            _ = redisAppendCommandArgv(context, Int32(words.count), &arguments, lengths)
        }
    }

    /// Sends what is in the output buffer.
    func flush() throws(RedisError) {
        var done: Int32 = 0
        while done == 0 {
            guard redisBufferWrite(context, &done) == REDIS_OK else { throw lost() }
        }
    }

    /// Sends what is buffered and waits for the next answer.
    ///
    /// - Returns: the text of Redis' refusal, nil when it agreed.
    func readAnswer() throws(RedisError) -> String? {
        var raw: UnsafeMutableRawPointer?
        guard redisGetReply(context, &raw) == REDIS_OK, let raw else { throw lost() }
        defer { freeReplyObject(raw) }
        let reply = raw.assumingMemoryBound(to: redisReply.self).pointee
        guard reply.type == REDIS_REPLY_ERROR else { return nil }
        return String(decoding: Self.bytes(reply), as: UTF8.self)
    }

    /// Reads once from the socket; blocks when there is nothing.
    func fill() throws(RedisError) {
        guard redisBufferRead(context) == REDIS_OK else { throw lost() }
    }

    /// The next complete push that was read, nil when there is none.
    func nextPush() throws(RedisError) -> Push? {
        var raw: UnsafeMutableRawPointer?
        guard redisReaderGetReply(context.pointee.reader, &raw) == REDIS_OK else {
            throw RedisError(code: .lost, message: "malformed answer")
        }
        guard let raw else { return nil }
        defer { freeReplyObject(raw) }
        return Self.push(raw.assumingMemoryBound(to: redisReply.self).pointee)
    }

    private static func push(_ reply: redisReply) -> Push {
        guard reply.type == REDIS_REPLY_ARRAY, reply.elements == 3, let elements = reply.element,
            let kind = elements[0]?.pointee, let channel = elements[1]?.pointee, let payload = elements[2]?.pointee
        else { return .other }
        let name = String(decoding: bytes(channel), as: UTF8.self)
        switch String(decoding: bytes(kind), as: UTF8.self) {
        case "message": return .message(channel: name, bytes: bytes(payload))
        case "subscribe": return .subscribed(channel: name)
        default: return .other
        }
    }

    private static func bytes(_ reply: redisReply) -> [UInt8] {
        guard let text = reply.str else { return [] }
        return Array(UnsafeRawBufferPointer(start: text, count: Int(reply.len)))
    }

    private func lost() -> RedisError {
        let text = String(cString: plimsoll_redis_error(context))
        return RedisError(code: .lost, message: text.isEmpty ? "closed" : text)
    }

    /// The words' addresses, valid inside `body`.
    private func withPointers(
        _ words: [[UInt8]], _ index: Int, _ pointers: [UnsafePointer<CChar>?],
        _ body: ([UnsafePointer<CChar>?]) -> Void
    ) {
        guard index < words.count else { return body(pointers) }
        words[index].withUnsafeBytes { raw in
            withPointers(words, index + 1, pointers + [raw.bindMemory(to: CChar.self).baseAddress], body)
        }
    }
}

extension Duration {
    /// At least a microsecond: zero would mean "for ever" to hiredis.
    var timeval: timeval {
        let (seconds, attoseconds) = components
        return Glibc.timeval(tv_sec: Int(seconds), tv_usec: max(1, Int(attoseconds / 1_000_000_000_000)))
    }

    /// Whole milliseconds, as `poll` wants them.
    var pollMilliseconds: Int32 {
        let (seconds, attoseconds) = components
        return Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000)
    }
}
