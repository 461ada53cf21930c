using Mainstay.Core.Kinds.Schedule;
using Mainstay.Schedule.Drivers;

namespace Mainstay.Host.Api.Agents;

/// <summary>Gives hosts what was built on the server's machine, of which they are to run an instance.</summary>
/// <param name="data">The data folder; null where none is.</param>
public sealed class ArtifactEndpoints(string? data, Mirror mirror)
{
    const int MostPieces = 1 << 20;

    readonly Lazy<OutputShelf?> shelf = new(() => data is null ? null : new(new DataFolder(data), build => mirror.Read(seen => seen.Get<Build>(build)?.Folder)));

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/internal/v1/agents/{host}/artifacts/{build}", "What a build left behind, as an archive in pieces.", DescribeAsync) { Answer = typeof(OutputArchive) },
        new("GET", "/internal/v1/agents/{host}/artifacts/{build}/content", "One piece of that archive.", PieceAsync)
        {
            Query = [("digest", "The archive's."), ("piece", "From 0.")], MediaType = "application/octet-stream",
        },
    ];

    async Task<Answer?> DescribeAsync(Call call)
    {
        var build = call.Path("build");
        return call.Wrong() ?? Refuse(call, build) ?? (await Shelf().OfAsync(build) is { } archive ? Answer.Json(archive) : Missing(build));
    }

    async Task<Answer?> PieceAsync(Call call)
    {
        var (build, digest, piece) = (call.Path("build"), call.Query("digest"), call.Number("piece", 0, 0, MostPieces));
        if ((call.Wrong() ?? Refuse(call, build)) is { } refused)
        {
            return refused;
        }

        return await Shelf().PieceAsync(build, digest ?? "", piece, call.Stop) is { } bytes ? new BytesAnswer(bytes, ContentType: "application/octet-stream") : Missing(build);
    }

    OutputShelf Shelf() => shelf.Value!;

    // A host gets what it is to run, and nothing else.
    ProblemAnswer? Refuse(Call call, string build) =>
        data is null || !mirror.Read(seen => seen.All<Instance>().Any(i => i.Host == call.Path("host") && i.Template.Build == build)) ? Missing(build) : null;

    static ProblemAnswer Missing(string build) => ProblemAnswer.NotFound($"the server has no output of build '{build}' for this host", "'mainstay logs --build NAME' says what became of the build");
}
