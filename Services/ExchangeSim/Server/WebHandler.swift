import Domain
import NIOCore
import NIOHTTP1
import ServiceKit

/// One client's HTTP connection: collects a request, has it answered, writes the answer.
final class WebHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// Larger forms are refused.
    private static let bodyLimit = 65_536

    private let exchange: Exchange
    private let standard: StandardAnswers
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(_ exchange: Exchange, _ standard: StandardAnswers) {
        self.exchange = exchange
        self.standard = standard
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.clear()
        case .body(var part):
            guard body.readableBytes + part.readableBytes <= Self.bodyLimit else { return context.close(promise: nil) }
            body.writeBuffer(&part)
        case .end:
            guard let head else { return }
            self.head = nil
            handle(context, head)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func handle(_ context: ChannelHandlerContext, _ head: HTTPRequestHead) {
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let request = WebRequest(
            method: head.method.rawValue, path: String(parts.first ?? ""),
            query: parts.count > 1 ? String(parts[1]) : "",
            body: String(buffer: body), apiKey: head.headers.first(name: "X-MBX-APIKEY"))
        if let response = standard.answer(request.path) { return write(context, head, response) }
        if request.method == "POST", request.path == "/control/advance" { return advance(context, head, request) }
        act(on: RESTRouter(exchange: exchange).answer(request), request, context, head)
    }

    private func act(
        on answer: WebAnswer, _ request: WebRequest, _ context: ChannelHandlerContext, _ head: HTTPRequestHead
    ) {
        switch answer {
        case .now(let response): write(context, head, response)
        case .hangUp: context.close(promise: nil)
        case .held(let milliseconds):
            // It reaches the venue although the client may be gone by then.
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            context.eventLoop.scheduleTask(in: .milliseconds(milliseconds)) {
                let (handler, context) = bound.value
                handler.act(
                    on: RESTRouter(exchange: handler.exchange).answerHeld(request), request, context, head)
            }
        case .later(let response, let milliseconds):
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            context.eventLoop.scheduleTask(in: .milliseconds(milliseconds)) {
                let (handler, context) = bound.value
                handler.write(context, head, response)
            }
        }
    }

    private func advance(_ context: ChannelHandlerContext, _ head: HTTPRequestHead, _ request: WebRequest) {
        guard let time = AdvanceTarget.time(request, now: exchange.now) else {
            return write(context, head, Refused(-1102, "Either to or by is needed, in milliseconds.").response)
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        exchange.advance(to: time).whenComplete { result in
            let (handler, context) = bound.value
            switch result {
            case .success(let count):
                let body = "{\"exchangeTime\":\(handler.exchange.now.milliseconds),\"items\":\(count)}"
                handler.write(context, head, WebResponse(body: body))
            case .failure:
                handler.write(context, head, Refused(-1000, "The exchange is moving already.", status: 409).response)
            }
        }
    }

    private func write(_ context: ChannelHandlerContext, _ head: HTTPRequestHead, _ response: WebResponse) {
        guard context.channel.isActive else { return }
        let body = ByteBuffer(string: response.body)
        var headers = HTTPHeaders([
            ("Content-Type", response.contentType), ("Content-Length", String(body.readableBytes)),
        ])
        for (name, value) in response.headers { headers.add(name: name, value: value) }
        if !head.isKeepAlive { headers.add(name: "Connection", value: "close") }
        let answer = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: response.status), headers: headers)
        context.write(wrapOutboundOut(.head(answer)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            if !head.isKeepAlive { channel.close(promise: nil) }
        }
    }
}

/// Where `/control/advance` is to go: `to` a time or `by` so much, both in milliseconds.
enum AdvanceTarget {
    private static let daysMax: Int64 = 400

    /// Nil when neither is given, or it is further than 400 days away.
    static func time(_ request: WebRequest, now: Timestamp) -> Timestamp? {
        let values = request.parameters() ?? [:]
        let target: Int64
        if let to = values["to"].flatMap({ Int64($0) }) {
            target = to
        } else if let by = values["by"].flatMap({ Int64($0) }) {
            target = now.milliseconds.addingReportingOverflow(by).partialValue
        } else {
            return nil
        }
        let latest = now.milliseconds + daysMax * 86_400_000
        return (0...latest).contains(target) ? Timestamp(milliseconds: target) : nil
    }
}

/// What every service answers.
struct StandardAnswers: Sendable {
    let health: Health?
    let metrics: Metrics

    /// Nil for a path that is not one of these.
    func answer(_ path: String) -> WebResponse? {
        switch path {
        case "/health/live": return WebResponse(body: "{\"status\":\"live\"}")
        case "/health/ready":
            let isReady = health?.ready ?? true
            return WebResponse(
                status: isReady ? 200 : 503, body: "{\"status\":\"\(isReady ? "ready" : "not ready")\"}")
        case "/metrics":
            return WebResponse(
                body: metrics.render(), contentType: "text/plain; version=0.0.4; charset=utf-8")
        default: return nil
        }
    }
}
