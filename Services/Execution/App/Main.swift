import ServiceKit

@main
struct Main {
    static func main() async {
        await runService("execution") { context, api in Build(context, api).services }
    }
}
