using System.Text;
using Mainstay.Core.Kinds.Traffic;
using Mainstay.Traffic.Policies;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Traffic;

/// <summary>Files of a folder, and nothing beyond it.</summary>
public sealed class FilesTests : IAsyncDisposable
{
    readonly TempFolder folder = new();
    readonly RoutedGateway gateway;

    public FilesTests()
    {
        var root = Directory.CreateDirectory(Path.Combine(folder.Path, "site")).FullName;
        File.WriteAllText(Path.Combine(folder.Path, "secret.txt"), "secret");
        File.WriteAllText(Path.Combine(root, "index.html"), "<p>home</p>");
        File.WriteAllText(Path.Combine(root, "a b.css"), "p {}");
        File.WriteAllText(Path.Combine(root, ".env"), "hidden");
        Directory.CreateDirectory(Path.Combine(root, "sub"));
        File.WriteAllText(Path.Combine(root, "sub", "index.html"), "sub");
        File.CreateSymbolicLink(Path.Combine(root, "out.txt"), Path.Combine(folder.Path, "secret.txt"));
        File.CreateSymbolicLink(Path.Combine(root, "up"), folder.Path);
        File.CreateSymbolicLink(Path.Combine(root, "in.html"), Path.Combine(root, "index.html"));
        File.WriteAllText(Path.Combine(root, "big.bin"), string.Concat(Enumerable.Range(0, 100_000).Select(i => $"{i:000000}\n")));
        gateway = new RoutedGateway()
            .Route("site", new() { Prefix = "/static" }, s => s with { Files = new() { Root = root, CacheControl = "max-age=60" } })
            .Route("app", new() { Prefix = "/app" }, s => s with { Files = new() { Root = root, Fallback = "index.html" } })
            .Route("gone", new() { Prefix = "/gone" }, s => s with { Files = new() { Root = Path.Combine(folder.Path, "none") } })
            .Start();
    }

    public async ValueTask DisposeAsync()
    {
        await gateway.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task Files_are_served_with_what_caches_need()
    {
        var answer = await gateway.GetAsync("/static/a%20b.css");
        answer.ShouldStartWith("HTTP/1.1 200 OK\r\n");
        answer.ShouldContain("Content-Type: text/css; charset=utf-8\r\n");
        answer.ShouldContain("Cache-Control: max-age=60\r\n");
        answer.ShouldContain("Content-Length: 4\r\n");
        answer.ShouldEndWith("p {}");
        var tag = Line(answer, "ETag: ");
        var modified = Line(answer, "Last-Modified: ");
        (await HeadAsync("GET", "/static/a%20b.css", $"If-None-Match: \"x\", W/{tag}\r\n")).ShouldStartWith("HTTP/1.1 304 Not Modified\r\n");
        (await HeadAsync("GET", "/static/a%20b.css", $"If-Modified-Since: {modified}\r\n")).ShouldStartWith("HTTP/1.1 304 Not Modified\r\n");
        (await gateway.GetAsync("/static/a%20b.css", $"If-None-Match: \"x\"\r\nIf-Modified-Since: {modified}\r\n")).ShouldStartWith("HTTP/1.1 200");
        (await HeadAsync("HEAD", "/static/a%20b.css", "")).ShouldContain("Content-Length: 4\r\n");
        (await gateway.GetAsync("/static/")).ShouldEndWith("home</p>");
        (await gateway.GetAsync("/static/in.html")).ShouldEndWith("home</p>");
        (await gateway.GetAsync("/static/sub/")).ShouldEndWith("sub");
        (await gateway.GetAsync("/static/sub?x")).ShouldContain("Location: /static/sub/?x\r\n");
    }

    [Theory]
    [InlineData("/static/.env")]
    [InlineData("/static/out.txt")]
    [InlineData("/static/up/secret.txt")]
    [InlineData("/static/sub%2findex.html")]
    [InlineData("/static/sub//index.html")]
    [InlineData("/static/%ff")]
    [InlineData("/static/none")]
    [InlineData("/gone/index.html")]
    public async Task What_is_hidden_or_outside_is_not_there(string path) =>
        (await gateway.GetAsync(path)).ShouldContain("X-Mainstay-Reason: no-file\r\n");

    [Fact]
    public async Task Dot_segments_and_writing_methods_are_refused()
    {
        (await gateway.GetAsync("/static/%2e%2e/secret.txt")).ShouldStartWith("HTTP/1.1 400");
        (await gateway.GetAsync("/static/../secret.txt")).ShouldStartWith("HTTP/1.1 400");
        (await gateway.GetAsync("/static/..%2fsecret.txt")).ShouldStartWith("HTTP/1.1 400");
        (await gateway.GetAsync("/static/..%5csecret.txt")).ShouldStartWith("HTTP/1.1 400");
        var answer = await gateway.AskAsync("DELETE /static/index.html HTTP/1.1\r\nHost: h\r\n\r\n");
        answer.ShouldStartWith("HTTP/1.1 405 Method Not Allowed\r\n");
        answer.ShouldContain("Allow: GET, HEAD\r\n");
    }

    [Fact]
    public async Task An_application_gets_its_page_for_every_path()
    {
        (await gateway.GetAsync("/app/orders/7")).ShouldEndWith("home</p>");
        (await gateway.GetAsync("/app/.git/config")).ShouldEndWith("home</p>");
        (await gateway.GetAsync("/app/sub/")).ShouldEndWith("sub");
    }

    [Fact]
    public async Task Large_files_come_whole_and_in_parts()
    {
        var answer = await gateway.GetAsync("/static/big.bin");
        answer.Length.ShouldBeGreaterThan(700_000);
        answer.ShouldEndWith("099999\n");
        answer = await gateway.GetAsync("/static/big.bin", "Range: bytes=7-20\r\n");
        answer.ShouldStartWith("HTTP/1.1 206 Partial Content\r\n");
        answer.ShouldContain("Content-Range: bytes 7-20/700000\r\n");
        answer.ShouldEndWith("\r\n\r\n000001\n000002\n");
        (await gateway.GetAsync("/static/big.bin", "Range: bytes=-7\r\n")).ShouldEndWith("\r\n\r\n099999\n");
        (await gateway.GetAsync("/static/big.bin", "Range: bytes=350000-\r\n")).ShouldContain("Content-Length: 350000\r\n");
        (await gateway.GetAsync("/static/big.bin", "Range: bytes=700000-\r\n")).ShouldContain("Content-Range: bytes */700000\r\n");
        (await gateway.GetAsync("/static/big.bin", "Range: bytes=0-1\r\nIf-Range: \"old\"\r\n")).ShouldStartWith("HTTP/1.1 200");
    }

    [Theory]
    [InlineData("bytes=0-0", 10, 0, 1, "Part")]
    [InlineData("bytes=5-99", 10, 5, 5, "Part")]
    [InlineData("bytes=-99", 10, 0, 10, "Part")]
    [InlineData("bytes=-0", 10, 0, 0, "Outside")]
    [InlineData("bytes=0-", 0, 0, 0, "Outside")]
    [InlineData("bytes=5-4", 10, 0, 10, "Whole")]
    [InlineData("bytes=0-1,3-4", 10, 0, 10, "Whole")]
    [InlineData("bytes=a-b", 10, 0, 10, "Whole")]
    [InlineData("bytes=", 10, 0, 10, "Whole")]
    [InlineData("bytes=99999999999999999999-", 10, 0, 10, "Whole")]
    [InlineData("items=0-1", 10, 0, 10, "Whole")]
    public void A_range_means(string header, long size, long from, long length, string kind)
    {
        var range = ByteRange.Of(Encoding.ASCII.GetBytes(header), size);
        (range.From, range.Length, range.Kind.ToString()).ShouldBe((from, length, kind));
    }

    async Task<string> HeadAsync(string method, string path, string headers)
    {
        using var client = await RawPeer.ConnectAsync(gateway.Gateway.AddressOf("gateway")!);
        await client.SendAsync($"{method} {path} HTTP/1.1\r\nHost: h\r\n{headers}\r\n");
        return (await client.ReadHeadAsync())!;
    }

    static string Line(string answer, string start)
    {
        var at = answer.IndexOf(start, StringComparison.Ordinal) + start.Length;
        return answer[at..answer.IndexOf('\r', at)];
    }
}
