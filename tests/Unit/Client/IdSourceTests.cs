using System.Net;
using System.Net.Http.Json;
using Mainstay.Client.Ids;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.Client;

/// <summary>A service's way to ids: one round trip for the first, and one in good time before a lease ends.</summary>
public sealed class IdSourceTests : HttpMessageHandler
{
    readonly FakeTime time = new();
    readonly List<string> asked = [];
    bool isAway;
    long until = 30_000;

    [Fact]
    public async Task OneLeaseServesManyIdsAndIsMadeLongerBeforeItEnds()
    {
        using var ids = new IdSource(new Uri("http://mainstay"), "orders-1", this, time);
        var first = await ids.NextAsync();
        for (var count = 0; count < 1000; count++)
        {
            ids.NextAsync().IsCompletedSuccessfully.ShouldBeTrue();
        }

        asked.Count.ShouldBe(1);
        until = 60_000;
        time.Advance(TimeSpan.FromSeconds(16));
        await ids.NextAsync();
        await Until.HoldsAsync(() => asked.Count == 2);
        asked[1].ShouldContain("\"worker\":3,\"grant\":2");
        IdShape.Parts(first).Worker.ShouldBe(3);
    }

    [Fact]
    public async Task AServerThatIsAwayIsNotNoticedWhileTheLeaseLastsAndToldAfterTenSeconds()
    {
        using var ids = new IdSource(new Uri("http://mainstay"), "orders-1", this, time);
        await ids.NextAsync();
        isAway = true;
        time.Advance(TimeSpan.FromSeconds(28));
        await ids.NextAsync();
        time.Advance(TimeSpan.FromSeconds(2));
        var late = ids.NextAsync().AsTask();
        await Until.HoldsAsync(() => late.IsCompleted, () => time.Advance(TimeSpan.FromMilliseconds(250)));
        await Should.ThrowAsync<HttpRequestException>(late);
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        asked.Add(await request.Content!.ReadAsStringAsync(cancellationToken));
        return isAway
            ? throw new HttpRequestException("nobody is there")
            : new(HttpStatusCode.OK) { Content = JsonContent.Create(new IdLease(3, 2, 1000, until, (long)time.Elapsed.TotalMilliseconds + 1000)) };
    }
}
