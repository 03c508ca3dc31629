import Domain
import Exchanges
import Foundation
import TestKit
import Testing

@Suite("Binance signing and requests")
struct SigningTests {
    // The example of Binance's own documentation.
    private let signer = BinanceSigner(
        apiKey: "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
        secret: "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j")

    @Test("The documented example has the documented signature")
    func documentedExample() {
        let request = BinanceRequest(
            .post, "/api/v3/order",
            [
                ("symbol", "LTCBTC"), ("side", "BUY"), ("type", "LIMIT"), ("timeInForce", "GTC"), ("quantity", "1"),
                ("price", "0.1"),
            ], access: .signed)
        let query = request.signedQuery(signer: signer, timestamp: 1_499_827_319_559, receiveWindow: 5000)
        #expect(query.hasSuffix("&signature=c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"))
    }

    @Test("Other letters are percent-encoded before they are signed")
    func percentEncoding() {
        let request = BinanceRequest(
            .post, "/api/v3/order",
            [
                ("symbol", "１２３４５６"), ("side", "BUY"), ("type", "LIMIT"), ("timeInForce", "GTC"),
                ("quantity", "1"), ("price", "0.1"),
            ], access: .signed)
        let query = request.signedQuery(signer: signer, timestamp: 1_499_827_319_559, receiveWindow: 5000)
        #expect(query.hasSuffix("&signature=e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3"))
        #expect(PercentEncoding.decode("%EF%BC%91a+b") == "１a b")
        #expect(PercentEncoding.decode("%G0") == nil)
        #expect(PercentEncoding.decode("%E") == nil)
    }

    @Test("Only the true signature is valid, and the secret shows nowhere")
    func validity() {
        let signature = signer.signature(of: "a=1")
        #expect(signer.isValid(signature, of: "a=1"))
        #expect(!signer.isValid(signature, of: "a=2"))
        #expect(!signer.isValid(String(signature.dropLast()), of: "a=1"))
        #expect(!"\(signer)".contains("Nhq") && !String(reflecting: signer).contains("Nhq"))
    }

    @Test(
        "Every recorded signature is computed alike",
        .enabled(if: Repository.recordings != nil, "needs the recordings beside the checkout"))
    func recordedVectors() throws {
        struct File: Decodable {
            struct Vector: Decodable {
                let api_key: String
                let secret: String
                let payload: String
                let signature_hex: String
            }
            let verified: [Vector]
        }
        let folder = try #require(Repository.recordings)
        let data = try Data(contentsOf: folder.appending(path: "vectors/binance-signing.json"))
        let vectors = try JSONDecoder().decode(File.self, from: data).verified
        #expect(!vectors.isEmpty)
        for vector in vectors {
            let signer = BinanceSigner(apiKey: vector.api_key, secret: vector.secret)
            #expect(signer.signature(of: vector.payload) == vector.signature_hex)
        }
    }
}
