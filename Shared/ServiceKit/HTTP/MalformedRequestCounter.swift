import NIOCore
import NIOHTTP1

/// Counts what arrives and is no HTTP: no route ever sees it, the connection is answered 400 and closed.
final class MalformedRequestCounter: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let metrics: Metrics

    init(metrics: Metrics) { self.metrics = metrics }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? HTTPParserError {
            metrics.counter(
                "plimsoll_http_malformed_total", "Requests that were no HTTP.", labels: ["reason": Self.reason(error)]
            ).increment()
        }
        context.fireErrorCaught(error)
    }

    /// Which part of the request was wrong: a closed set.
    private static func reason(_ error: HTTPParserError) -> String {
        switch error {
        case .invalidMethod, .invalidURL, .invalidVersion, .invalidConstant: "request_line"
        case .headerOverflow: "too_large"
        case .invalidHeaderToken, .invalidContentLength, .unexpectedContentLength, .lfExpected: "header"
        case .invalidChunkSize: "body"
        case .invalidEOFState, .closedConnection: "cut_off"
        default: "other"
        }
    }
}
