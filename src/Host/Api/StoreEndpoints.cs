using System.Security.Cryptography;
using Mainstay.Core.Store;
using Mainstay.State.Backup;
using Microsoft.AspNetCore.Http;

namespace Mainstay.Host.Api;

/// <summary>The store as a whole: its backup, with what services keep with this server.</summary>
/// <param name="store">What is declared, and what came of it.</param>
/// <param name="time">The clock.</param>
/// <param name="data">The data folder; null where there is none, and so no parts.</param>
/// <param name="parts">What copies each part to a file that is not there, in an order in which a later one may know more than an earlier one; false where there is nothing.</param>
public sealed class StoreEndpoints(IStore store, TimeProvider time, string? data, IReadOnlyList<(string Name, Func<string, CancellationToken, Task<bool>> Copy)> parts)
{
    const string Copies = ".copy";

    int isMaking;

    public IEnumerable<ApiRoute> Routes() =>
    [
        new("GET", "/api/v1/store/backup", "Everything that is declared, as of one revision, with event streams, queues and flows, each as of one moment, as a file for 'mainstay store restore'.", BackupAsync)
        {
            MediaType = BackupAnswer.Type, Query = [("declared", "true: only what is declared.")],
        },
    ];

    async Task<Answer?> BackupAsync(Call call)
    {
        var isDeclared = call.Flag("declared");
        if (call.Wrong() is { } wrong)
        {
            return wrong;
        }

        if (Interlocked.Exchange(ref isMaking, 1) == 1)
        {
            return ProblemAnswer.Conflict("a backup is being made", "wait until it is done");
        }

        var made = new List<(string Name, string Path)>();
        try
        {
            if (!isDeclared && data is not null)
            {
                await CopyAsync(Path.Combine(data, "state"), made, call.Stop);
            }

            return new BackupAnswer(await StoreSnapshot.TakeAsync(store, call.Stop), $"the server {call.Context.Request.Host}", time.GetUtcNow(), [.. made], () => End(made));
        }
        catch (Exception failed)
        {
            End(made);
            if (failed is StoreUnavailableException or IOException)
            {
                return ProblemAnswer.Unavailable(failed.Message, "make room in the data folder for a copy of what services keep, or back up what is declared alone");
            }

            throw;
        }
    }

    async Task CopyAsync(string folder, List<(string Name, string Path)> made, CancellationToken stop)
    {
        Directory.CreateDirectory(folder);
        // What a server left behind that was killed.
        foreach (var left in Directory.EnumerateFiles(folder, "*" + Copies))
        {
            File.Delete(left);
        }

        foreach (var (name, copy) in parts)
        {
            var path = Path.Combine(folder, $"{name}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}{Copies}");
            if (await copy(path, stop))
            {
                made.Add((name, path));
            }
        }
    }

    void End(List<(string Name, string Path)> made)
    {
        foreach (var (_, path) in made)
        {
            File.Delete(path);
        }

        Volatile.Write(ref isMaking, 0);
    }

    sealed record BackupAnswer(StoreSnapshot Snapshot, string From, DateTimeOffset At, IReadOnlyList<(string Name, string Path)> Parts, Action End) : Answer
    {
        public const string Type = "application/octet-stream";

        public override async Task WriteAsync(HttpContext context)
        {
            try
            {
                context.Response.ContentType = Type;
                context.Response.Headers.CacheControl = "no-store";
                await BackupFile.WriteAsync(Snapshot, From, At, context.Response.Body, context.RequestAborted, Parts);
            }
            finally
            {
                End();
            }
        }
    }
}
