using Mainstay.Core.Requests;
using Mainstay.Core.Store;
using Mainstay.State.Requests;
using Shouldly;
using Xunit;

namespace Mainstay.Tests.State.Requests;

/// <summary>Remembered requests in a file that several processes of a machine share.</summary>
public sealed class SqliteRequestsTests : RequestLedgerConformance, IDisposable
{
    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task AFullDiskRefusesAndABrokenFileIsNoLedger()
    {
        await using (var small = SqliteRequests.Open(new() { Path = folder["small.db"], MaxFileBytes = 256 << 10, Time = Time }))
        {
            var verdicts = new List<ClaimVerdict>();
            for (var i = 0; i < 40; i++) verdicts.Add((await small.ClaimAsync(Later($"k{i}", new byte[16 << 10], 1000), default)).Verdict);
            verdicts.ShouldContain(ClaimVerdict.Unavailable);
            verdicts.ShouldContain(ClaimVerdict.Accepted);
        }

        File.WriteAllText(folder["broken.db"], new string('x', 10_000));
        Should.Throw<StoreUnavailableException>(() => SqliteRequests.Open(new() { Path = folder["broken.db"] }));
    }

    // There is a process 1, and this is not when it began.
    protected override IRequestLedger Open(bool isGone = false) => SqliteRequests.Open(new SqliteRequestsOptions { Path = folder["requests.db"], Time = Time } is var options && isGone ? options with { Holder = "1.1" } : options);
}
