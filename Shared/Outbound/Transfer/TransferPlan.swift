import CCurl

/// What curl is to do, as options.
struct TransferPlan: Sendable {
    var url: String
    var numbers: [(CURLoption, Int)] = []
    var strings: [(CURLoption, String)] = []
    /// `Name: value`, checked already.
    var headerLines: [String] = []
    var recipients: [String] = []
    /// Sent as the body of an HTTP request.
    var postFields: [UInt8]?
    /// Read by curl piece by piece: the text of a mail.
    var upload: [UInt8]?
    var responseLimit = 0
    /// The request must not leave twice, not even when a kept connection turns out to be dead.
    var once = false
    var addresses = AddressPolicy.anywhere
}

/// What became of it.
struct TransferOutcome: Sendable {
    /// Why a transfer ended without curl having a say.
    enum Stop: Sendable {
        case cancelled, closed, overloaded, unusable
    }

    var code = CURLE_OK
    var stop: Stop?
    /// HTTP status, or the last SMTP reply; 0 when there was none.
    var status = 0
    var headerLines: [String] = []
    var body: [UInt8] = []
    /// How often curl began to send the request.
    var starts = 0
    /// All of `upload` was handed over.
    var uploadEnded = false
    var responseTooLarge = false
    var addressRefused = false
    /// The system's number of the last error, 0 for none.
    var systemError: Int32 = 0
}
