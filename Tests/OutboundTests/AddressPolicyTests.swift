import Testing

@testable import Outbound

struct AddressPolicyTests {
    @Test(arguments: [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "0.0.0.0",
        "100.64.0.1", "192.0.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "203.0.113.9",
    ])
    func `what is inside is not public`(address: String) {
        #expect(!AddressPolicy.isPublic(v4: address.split(separator: ".").compactMap { UInt8($0) }))
    }

    @Test(arguments: ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "192.1.0.1", "223.255.255.255"])
    func `the rest is`(address: String) {
        #expect(AddressPolicy.isPublic(v4: address.split(separator: ".").compactMap { UInt8($0) }))
    }

    @Test func `version 6 addresses are judged by what they reach`() {
        func expand(_ words: [UInt16]) -> [UInt8] { words.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] } }
        let inside: [[UInt16]] = [
            [0, 0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 0], [0xfc00, 0, 0, 0, 0, 0, 0, 1],
            [0xfe80, 0, 0, 0, 0, 0, 0, 1], [0xff02, 0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0xffff, 0x7f00, 1],
            [0x64, 0xff9b, 0, 0, 0, 0, 0x7f00, 1], [0x2002, 0x7f00, 1, 0, 0, 0, 0, 1],
            [0x2001, 0, 0, 0, 0, 0, 0, 1], [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1],
        ]
        for words in inside { #expect(!AddressPolicy.isPublic(v6: expand(words)), "\(words)") }
        #expect(AddressPolicy.isPublic(v6: expand([0x2606, 0x4700, 0, 0, 0, 0, 0, 0x1111])))
        #expect(AddressPolicy.isPublic(v6: expand([0, 0, 0, 0, 0, 0xffff, 0x0808, 0x0808])))
    }
}
