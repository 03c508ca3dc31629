import ServiceKit

@main
struct Main {
    static func main() async {
        await runService("risk-manager") { context, api in Build(context, api).services }
    }
}
