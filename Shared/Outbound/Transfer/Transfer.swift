import CCurl
import Glibc
import Synchronization

/// One transfer: its plan and what has come back so far.
///
/// `@unchecked`: `outcome`, `uploaded` and the lists belong to the engine's thread alone from `begin` to `end`; the
/// continuation has a lock of its own.
final class Transfer: @unchecked Sendable {
    /// Header lines that are kept; a server that sends more is not answered politely.
    private static let headerBytesLimit = 64 << 10

    let plan: TransferPlan
    private(set) var outcome = TransferOutcome()
    private var uploaded = 0
    private var headerBytes = 0
    private var lists: [UnsafeMutablePointer<curl_slist>] = []
    private let waiting: Mutex<CheckedContinuation<TransferOutcome, Never>?>

    init(_ plan: TransferPlan, _ continuation: CheckedContinuation<TransferOutcome, Never>) {
        self.plan = plan
        self.waiting = Mutex(continuation)
    }

    /// Gives the outcome to the caller; a second call does nothing.
    func finish(_ outcome: TransferOutcome) {
        let continuation = waiting.withLock { waiting in
            defer { waiting = nil }
            return waiting
        }
        continuation?.resume(returning: outcome)
    }

    /// Puts the plan into a handle.
    func begin(_ handle: UnsafeMutableRawPointer) -> CURLcode {
        let context = Unmanaged.passUnretained(self).toOpaque()
        var code = CURLE_OK
        func set(_ result: CURLcode) { if code == CURLE_OK { code = result } }
        set(plimsoll_set_string(handle, CURLOPT_URL, plan.url))
        // Not from the environment: HTTP_PROXY of whoever started us is not ours.
        set(plimsoll_set_string(handle, CURLOPT_PROXY, ""))
        set(plimsoll_set_long(handle, CURLOPT_NOSIGNAL, 1))
        set(plimsoll_set_long(handle, CURLOPT_FOLLOWLOCATION, 0))
        set(plimsoll_set_long(handle, CURLOPT_SSLVERSION, 6))
        set(plimsoll_set_pointer(handle, CURLOPT_PRIVATE, context))
        for (option, value) in plan.numbers { set(plimsoll_set_long(handle, option, value)) }
        for (option, value) in plan.strings { set(plimsoll_set_string(handle, option, value)) }
        if let fields = plan.postFields {
            set(plimsoll_set_long(handle, CURLOPT_POST, 1))
            set(plimsoll_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(fields.count)))
            set(fields.withUnsafeBytes { plimsoll_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, $0.baseAddress) })
        }
        if plan.upload != nil {
            set(plimsoll_set_long(handle, CURLOPT_UPLOAD, 1))
            set(plimsoll_set_pointer(handle, CURLOPT_READDATA, context))
            set(plimsoll_set_data_callback(handle, CURLOPT_READFUNCTION, readCallback))
        }
        set(setList(handle, CURLOPT_HTTPHEADER, plan.headerLines))
        set(setList(handle, CURLOPT_MAIL_RCPT, plan.recipients))
        setCallbacks(handle, context, set)
        return code
    }

    private func setCallbacks(
        _ handle: UnsafeMutableRawPointer, _ context: UnsafeMutableRawPointer, _ set: (CURLcode) -> Void
    ) {
        set(plimsoll_set_pointer(handle, CURLOPT_WRITEDATA, context))
        set(plimsoll_set_data_callback(handle, CURLOPT_WRITEFUNCTION, writeCallback))
        set(plimsoll_set_pointer(handle, CURLOPT_HEADERDATA, context))
        set(plimsoll_set_data_callback(handle, CURLOPT_HEADERFUNCTION, headerCallback))
        set(plimsoll_set_pointer(handle, CURLOPT_OPENSOCKETDATA, context))
        set(plimsoll_set_open_socket(handle, openSocketCallback))
        set(plimsoll_set_pointer(handle, CURLOPT_PREREQDATA, context))
        set(plimsoll_set_before_request(handle, beforeRequestCallback))
    }

    private func setList(_ handle: UnsafeMutableRawPointer, _ option: CURLoption, _ lines: [String]) -> CURLcode {
        guard !lines.isEmpty else { return CURLE_OK }
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines {
            guard let longer = curl_slist_append(list, line) else {
                curl_slist_free_all(list)
                return CURLE_OUT_OF_MEMORY
            }
            list = longer
        }
        if let list { lists.append(list) }
        return plimsoll_set_pointer(handle, option, list)
    }

    /// Reads the result from the handle and lets go of what curl borrowed.
    func end(_ handle: UnsafeMutableRawPointer, code: CURLcode) -> TransferOutcome {
        var status = 0
        _ = plimsoll_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        for list in lists { curl_slist_free_all(list) }
        lists = []
        var systemError = 0
        _ = plimsoll_get_long(handle, CURLINFO_OS_ERRNO, &systemError)
        outcome.status = status
        outcome.systemError = Int32(clamping: systemError)
        outcome.code = code
        return outcome
    }

    // MARK: - What curl calls, on the engine's thread

    fileprivate func received(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard outcome.body.count + bytes.count <= plan.responseLimit else {
            outcome.responseTooLarge = true
            return 0
        }
        outcome.body.append(contentsOf: bytes)
        return bytes.count
    }

    fileprivate func receivedHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
        headerBytes += bytes.count
        guard headerBytes <= Self.headerBytesLimit else {
            outcome.responseTooLarge = true
            return 0
        }
        let line = String(decoding: bytes, as: UTF8.self)
        // A new status line: what came before was an interim answer.
        if line.hasPrefix("HTTP/") { outcome.headerLines = [] } else { outcome.headerLines.append(line) }
        return bytes.count
    }

    fileprivate func readMore(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard let upload = plan.upload else { return 0 }
        let count = min(buffer.count, upload.count - uploaded)
        if count > 0 { buffer.copyBytes(from: upload[uploaded..<uploaded + count]) }
        if count == 0 { outcome.uploadEnded = true }
        uploaded += count
        return count
    }

    /// - Returns: whether the request may be sent.
    fileprivate func mayStart() -> Bool {
        if plan.once, outcome.starts > 0 { return false }
        outcome.starts += 1
        return true
    }

    fileprivate func openSocket(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        let length = Int(address.pointee.addrlen)
        let allowed = withUnsafePointer(to: &address.pointee.addr) {
            // curl hands over storage for the longest address, of which `addr` is the beginning.
            plan.addresses.allows(UnsafeRawBufferPointer(start: $0, count: length))
        }
        guard allowed else {
            outcome.addressRefused = true
            return -1
        }
        outcome.addressRefused = false
        let type = address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
        return socket(address.pointee.family, type, address.pointee.`protocol`)
    }

    fileprivate static func from(_ context: UnsafeMutableRawPointer) -> Transfer {
        Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    }
}

private let writeCallback: plimsoll_data_callback = { data, size, count, context in
    guard let context else { return 0 }
    return Transfer.from(context).received(UnsafeRawBufferPointer(start: data, count: size * count))
}

private let headerCallback: plimsoll_data_callback = { data, size, count, context in
    guard let context else { return 0 }
    return Transfer.from(context).receivedHeader(UnsafeRawBufferPointer(start: data, count: size * count))
}

private let readCallback: plimsoll_data_callback = { data, size, count, context in
    guard let context else { return 0 }
    return Transfer.from(context).readMore(into: UnsafeMutableRawBufferPointer(start: data, count: size * count))
}

private let openSocketCallback: curl_opensocket_callback = { context, _, address in
    guard let context, let address else { return -1 }
    return Transfer.from(context).openSocket(address)
}

private let beforeRequestCallback: curl_prereq_callback = { context, _, _, _, _ in
    guard let context else { return CURL_PREREQFUNC_ABORT }
    return Transfer.from(context).mayStart() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}
