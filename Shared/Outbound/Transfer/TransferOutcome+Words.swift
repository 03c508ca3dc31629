import CCurl
import Glibc

extension TransferOutcome {
    /// Why it failed, in words for a log: with whom, what curl says and, where there is one, the system's reason beneath it.
    ///
    /// - Parameter place: host and port; never a path, which may hold a secret.
    func words(at place: String) -> String {
        let reason = "\(place): \(String(cString: curl_easy_strerror(code)))"
        guard systemError != 0, Self.systemCodes.contains(code) else { return reason }
        return "\(reason): \(String(cString: strerror(systemError)))"
    }

    private static let systemCodes = [CURLE_COULDNT_CONNECT, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING]
}
