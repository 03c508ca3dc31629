import ServiceKit

@main
struct Main {
    static func main() async {
        await runService("alerting") { context, api in try Build(context, api).services }
    }
}
