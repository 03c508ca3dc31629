import NIOCore
import NIOHTTP1

/// Notes the status with which a server refuses the upgrade; after the first answer it only lets bytes through.
final class RefusalReader: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart

    private let note: (Int) -> Void
    private var seen = false

    init(note: @escaping (Int) -> Void) { self.note = note }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !seen {
            seen = true
            if case .head(let head) = unwrapInboundIn(data) { note(Int(head.status.code)) }
        }
        context.fireChannelRead(data)
    }
}
