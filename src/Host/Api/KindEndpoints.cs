using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schema;
using Mainstay.Core.Store;
using Microsoft.AspNetCore.Http;

namespace Mainstay.Host.Api;

/// <summary>Kinds, and listing, getting and watching the resources of any kind.</summary>
public sealed class KindEndpoints(IStore store, KindRegistry kinds, ResourceWatch watch, ApiLimits limits)
{
    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/api/v1/kinds", "The kinds of resources.", _ => Task.FromResult<Answer?>(Kinds())) { Answer = typeof(KindList) },
        new("GET", "/api/v1/kinds/{name}/schema", "The JSON Schema of a kind, as its resources are written.", call => Task.FromResult<Answer?>(Schema(call))),
        new("GET", "/api/v1/{plural}", "Lists the resources of a kind in the order of their names, or watches them.", ListOrWatchAsync) { Query = ListQuery },
        new("GET", "/api/v1/{plural}/{name}", "One resource; its ETag is its revision.", GetAsync),
    ];

    /// <summary>The query parameters of every list.</summary>
    public static IReadOnlyList<(string Name, string Meaning)> ListQuery { get; } =
    [
        ("limit", "Items per page; default 500, at most 5000."),
        ("continue", "Where the page before ended: its `continue`."),
        ("watch", "true: server-sent events `list` (without `from`), then `put` and `delete`; `ping` each 15 s; `compacted` and the end where history is gone."),
        ("from", "With watch: the first revision wanted, without a list. The header Last-Event-ID resumes after the revision that it names."),
    ];

    Answer Kinds() => Answer.Json(new KindList([.. kinds.All.Select(k => new KindItem(k.Name, k.Plural, k.Writes, [.. k.Columns.Select(c => c.Title)]))]));

    Answer Schema(Call call)
    {
        var name = call.Path("name");
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        return kinds.Find(name) is { } kind && kind.Name == name
            ? new BytesAnswer(Codec.Encode(JsonSchemas.ForKind(kind)))
            : ProblemAnswer.NotFound($"there is no kind '{Shorten(name)}'", $"use one of {string.Join(", ", kinds.All.Select(k => k.Name).Order(StringComparer.Ordinal))}");
    }

    public Task<Answer?> ListOrWatchAsync(Call call) => ListOrWatchAsync(call, call.Path("plural"));

    /// <summary>The list or watch of the kind that a literal path names.</summary>
    public async Task<Answer?> ListOrWatchAsync(Call call, string plural, Func<Entry, bool>? filter = null)
    {
        if (Find(plural) is not { } kind)
        {
            return UnknownKind(plural);
        }

        var watching = call.Flag("watch");
        var from = call.Number("from", 0, 0, long.MaxValue - 1);
        var limit = call.Number("limit", limits.Page, 1, limits.MaxPage);
        var after = call.Query("continue");
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        if (watching)
        {
            return await watch.ServeAsync(call, kind, from, filter);
        }

        if (!TryReadPlace(after, out var name))
        {
            return ProblemAnswer.BadRequest("'continue' is not a place in a list", "give the 'continue' of the page before, unchanged");
        }

        var range = await store.RangeAsync(kind.Prefix, name is null ? null : kind.KeyOf(name), limit, call.Stop);
        var next = range.More ? PlaceOf(range.Entries[^1].Key[kind.Prefix.Length..]) : null;
        return new BytesAnswer(ItemJson.List(kind, range.Entries, range.Revision, next));
    }

    async Task<Answer?> GetAsync(Call call)
    {
        var plural = call.Path("plural");
        if (Find(plural) is not { } kind)
        {
            return UnknownKind(plural);
        }

        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        var name = call.Path("name");
        if (!Names.IsValid(name) || await store.GetAsync(kind.KeyOf(name), call.Stop) is not { } entry)
        {
            return NoSuch(kind, name);
        }

        var tag = TagOf(entry.ModRevision);
        return call.Request.GetTypedHeaders().IfNoneMatch.Any(t => t.Tag == tag || t.Tag == "*")
            ? new NotModified(tag)
            : new BytesAnswer(ItemJson.Of(kind, entry), ETag: tag);
    }

    /// <summary>The kind of a path; the API speaks in plurals alone.</summary>
    public Kind? Find(string plural) => kinds.Find(plural) is { } kind && kind.Plural == plural ? kind : null;

    public ProblemAnswer UnknownKind(string plural) => ProblemAnswer.NotFound(
        $"there is no kind '{Shorten(plural)}'", $"use one of {string.Join(", ", kinds.All.Select(k => k.Plural).Order(StringComparer.Ordinal))}");

    public static ProblemAnswer NoSuch(Kind kind, string name) => ProblemAnswer.NotFound(
        $"there is no {kind.Name} '{Shorten(name)}'", $"list them with GET /api/v1/{kind.Plural}");

    /// <summary>The entity tag of a revision.</summary>
    public static string TagOf(long revision) => $"\"{revision}\"";

    static string Shorten(string text) => text.Length <= Names.MaxLength ? text : text[..Names.MaxLength] + "…";

    // The place is the last name of a page, wrapped so that nobody builds on its form.
    static string PlaceOf(string name) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(name));

    static bool TryReadPlace(string? text, out string? name)
    {
        name = null;
        if (text is null)
        {
            return true;
        }

        if (text.Length > 4 * Names.MaxLength || !Base64Url.IsValid(text))
        {
            return false;
        }

        name = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text));
        return Names.IsValid(name);
    }
}

/// <summary>The kinds.</summary>
public sealed record KindList(IReadOnlyList<KindItem> Items);

/// <summary>A kind as clients see it.</summary>
public sealed record KindItem(string Name, string Plural, KindWrites Writes, IReadOnlyList<string> Columns);
