using System.Security.Cryptography;
using Mainstay.Core.Kinds;
using Mainstay.Core.Kinds.Schedule;
using HostRecord = Mainstay.Core.Kinds.Schedule.Host;

namespace Mainstay.Host.Api.Registry;

/// <summary>The registry as of now, made once for all who ask, and a wake for those who wait for another one.</summary>
sealed class RegistryBook
{
    /// <summary>Several changes within this time are told as one.</summary>
    static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(100);

    readonly Mirror mirror;
    readonly TimeProvider time;
    long changes;
    Page? made;
    TaskCompletionSource pulse = New();

    public RegistryBook(Mirror mirror, TimeProvider time)
    {
        (this.mirror, this.time) = (mirror, time);
        mirror.Subscribe(_ => 0, (before, after) =>
        {
            if ((before ?? after) is Service or Instance or Endpoints or Vitals or Registration or HostRecord)
            {
                Interlocked.Increment(ref changes);
                Interlocked.Exchange(ref pulse, New()).TrySetResult();
            }
        });
    }

    public Page Now()
    {
        var at = Interlocked.Read(ref changes);
        if (Volatile.Read(ref made) is { } known && known.At == at)
        {
            return known;
        }

        var view = mirror.Read(RegistryBuilder.Build);
        var page = new Page(at, view, view.Items.ToDictionary(s => s.Name, s => new Leaf(Codec.Encode(s)), StringComparer.Ordinal), new Leaf(Codec.Encode(view)));
        Volatile.Write(ref made, page);
        return page;
    }

    /// <summary>Waits until something may be other than on <paramref name="page"/>.</summary>
    public async Task ChangedAsync(Page page, CancellationToken stop)
    {
        var wake = Volatile.Read(ref pulse).Task;
        if (Interlocked.Read(ref changes) == page.At)
        {
            await wake.WaitAsync(stop);
        }

        await Task.Delay(Gather, time, stop);
    }

    static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The registry at one time.</summary>
    public sealed record Page(long At, RegistryView View, IReadOnlyDictionary<string, Leaf> Services, Leaf Whole);

    /// <summary>A part of it as it is sent, with the tag of its content.</summary>
    public sealed class Leaf(byte[] json)
    {
        public byte[] Json => json;

        public string Tag { get; } = $"\"{Convert.ToHexStringLower(SHA256.HashData(json).AsSpan(0, 8))}\"";
    }
}
