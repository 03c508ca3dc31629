import ServiceKit

@main
struct Main {
    static func main() async {
        await runService("market-data") { context, _ in Build(context).services }
    }
}
