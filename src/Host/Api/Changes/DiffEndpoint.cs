using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Deliver;
using Mainstay.Core.Kinds.Schedule;
using Mainstay.Core.Store;
using Mainstay.Deliver.Decide;

namespace Mainstay.Host.Api.Changes;

/// <summary>The differences between two versions.</summary>
public sealed class DiffEndpoint(IStore store, KindRegistry kinds)
{
    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/api/v1/diff", "The differences between two versions.", DiffAsync)
        {
            Query = [("from", "A version's number, 0 for nothing; default the one before `to`."), ("to", "A version's number; default the one in force.")],
            Answer = typeof(DiffView),
        },
    ];

    async Task<Answer?> DiffAsync(Call call)
    {
        var to = (int)call.Number("to", -1L, 1, int.MaxValue);
        var from = (int)call.Number("from", -1L, 0, int.MaxValue);
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        if (to < 0)
        {
            var architecture = await store.GetAsync(kinds.Of<Architecture>().KeyOf(Architecture.TheName), call.Stop);
            to = architecture is null ? 0 : ((Architecture)kinds.Of<Architecture>().Decode(architecture)).Version;
        }

        from = from < 0 ? Math.Max(0, to - 1) : from;
        if (to == 0)
        {
            return ProblemAnswer.NotFound("nothing has been applied yet", "apply a manifest first");
        }

        if (await VersionAsync(to, call.Stop) is not { } after)
        {
            return NoSuch(to);
        }

        var before = from == 0 ? null : await VersionAsync(from, call.Stop);
        return from != 0 && before is null ? NoSuch(from) : Answer.Json(new DiffView(from, to, Diff.Between(before, after)));
    }

    async Task<ArchitectureVersion?> VersionAsync(int number, CancellationToken stop) =>
        await store.GetAsync(kinds.Of<ArchitectureVersion>().KeyOf(number.ToString(System.Globalization.CultureInfo.InvariantCulture)), stop) is { } entry
            ? (ArchitectureVersion)kinds.Of<ArchitectureVersion>().Decode(entry)
            : null;

    static ProblemAnswer NoSuch(int number) => ProblemAnswer.NotFound($"there is no version {number}", "'mainstay history' lists the versions");
}
