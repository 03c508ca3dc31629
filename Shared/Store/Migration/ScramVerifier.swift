import Crypto
import Foundation

/// What PostgreSQL keeps of a password: `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey` (RFC 5802, RFC 7677).
struct ScramVerifier {
    private let iterations: Int
    private let salt: Data
    private let storedKey: Data

    /// nil where the text is no such verifier.
    init?(_ text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "SCRAM-SHA-256" else { return nil }
        let how = parts[1].split(separator: ":")
        let keys = parts[2].split(separator: ":")
        guard how.count == 2, keys.count == 2, let iterations = Int(how[0]), (1...100_000).contains(iterations),
            let salt = Data(base64Encoded: String(how[1])), let storedKey = Data(base64Encoded: String(keys[0]))
        else { return nil }
        self.iterations = iterations
        self.salt = salt
        self.storedKey = storedKey
    }

    /// Whether it was made from `password`.
    func accepts(_ password: String) -> Bool {
        let key = SymmetricKey(data: Data(password.utf8))
        var block = Data(HMAC<SHA256>.authenticationCode(for: salt + [0, 0, 0, 1], using: key))
        var salted = [UInt8](block)
        for _ in 1..<iterations {
            block = Data(HMAC<SHA256>.authenticationCode(for: block, using: key))
            for (index, byte) in block.enumerated() { salted[index] ^= byte }
        }
        let client = HMAC<SHA256>.authenticationCode(for: Data("Client Key".utf8), using: SymmetricKey(data: salted))
        return Data(SHA256.hash(data: Data(client))) == storedKey
    }
}
