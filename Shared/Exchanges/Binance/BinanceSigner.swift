import Crypto

/// An API key and the HMAC-SHA256 signature it demands of every private request.
package struct BinanceSigner: Sendable {
    /// Goes into the header `X-MBX-APIKEY`.
    package let apiKey: String
    private let secret: SymmetricKey

    package init(apiKey: String, secret: String) {
        self.apiKey = apiKey
        self.secret = SymmetricKey(data: Array(secret.utf8))
    }

    /// The signature of a payload, the percent-encoded query text, in lower-case hexadecimal digits.
    package func signature(of payload: String) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Array(payload.utf8), using: secret)
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in code {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Is `signature` that of the payload? Takes the same time wherever they differ.
    package func isValid(_ signature: String, of payload: String) -> Bool {
        let expected = Array(self.signature(of: payload).utf8)
        let given = Array(signature.utf8)
        guard expected.count == given.count else { return false }
        return zip(expected, given).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

extension BinanceSigner: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "<signer>" }
    package var debugDescription: String { "<signer>" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
