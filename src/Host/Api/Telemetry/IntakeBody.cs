using System.Buffers;
using System.IO.Compression;
using Microsoft.AspNetCore.Http;

namespace Mainstay.Host.Api.Telemetry;

/// <summary>How reading a body went.</summary>
public enum BodyOutcome
{
    Whole,

    /// <summary>It is, unzipped, larger than is taken.</summary>
    TooLarge,

    /// <summary>Too much is under way: come again.</summary>
    Busy,

    /// <summary>Packed in a way that is not known.</summary>
    UnknownPacking,

    /// <summary>It cannot be unpacked, or broke off.</summary>
    Malformed,
}

/// <summary>A whole body, unzipped, in memory that is lent; the budget has it back when this is disposed of.</summary>
public sealed class IntakeBody : IDisposable
{
    readonly IntakeBudget budget;
    byte[] buffer = [];
    int length;
    int taken;

    IntakeBody(IntakeBudget budget) => this.budget = budget;

    public BodyOutcome Outcome { get; private set; }

    public ReadOnlyMemory<byte> Bytes => buffer.AsMemory(0, length);

    /// <summary>Reads a request's body.</summary>
    /// <param name="request">Its <c>Content-Encoding</c> may be <c>gzip</c>, <c>identity</c> or absent.</param>
    /// <param name="budget">What all bodies together may take.</param>
    /// <param name="most">The largest body when unzipped, in bytes.</param>
    /// <param name="stop">The client is gone.</param>
    public static async Task<IntakeBody> ReadAsync(HttpRequest request, IntakeBudget budget, int most, CancellationToken stop)
    {
        var body = new IntakeBody(budget);
        var packing = request.Headers.ContentEncoding.ToString();
        if (packing is "" or "identity" or "snappy")
        {
            await body.FillAsync(request.Body, (int)Math.Min(request.ContentLength ?? 0, most), most, stop);
        }
        else if (packing == "gzip")
        {
            await using var plain = new GZipStream(request.Body, CompressionMode.Decompress);
            await body.FillAsync(plain, (int)Math.Min((request.ContentLength ?? 0) * 4, most), most, stop);
        }
        else
        {
            body.Outcome = BodyOutcome.UnknownPacking;
        }

        return body;
    }

    /// <summary>Unzips what is already in memory.</summary>
    public static async Task<IntakeBody> UnzipAsync(ReadOnlyMemory<byte> zipped, IntakeBudget budget, int most, CancellationToken stop)
    {
        var body = new IntakeBody(budget);
        using var source = new MemoryStream(zipped.ToArray(), writable: false);
        await using var plain = new GZipStream(source, CompressionMode.Decompress);
        await body.FillAsync(plain, (int)Math.Min(zipped.Length * 4L, most), most, stop);
        return body;
    }

    public void Dispose()
    {
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        budget.Give(taken);
        (buffer, length, taken) = ([], 0, 0);
    }

    async Task FillAsync(Stream from, int expected, int most, CancellationToken stop)
    {
        // What a sender says of its length is a hint, not a reason to take memory: at most 1 MiB before anything came.
        if (!Grow(Math.Clamp(expected + 1, 4096, 1 << 20)))
        {
            return;
        }

        try
        {
            while (true)
            {
                var read = await from.ReadAsync(buffer.AsMemory(length), stop);
                if (read == 0)
                {
                    return;
                }

                length += read;
                if (length > most)
                {
                    Outcome = BodyOutcome.TooLarge;
                    return;
                }

                if (length == buffer.Length && !Grow((int)Math.Min(buffer.Length * 2L, most + 4096L)))
                {
                    return;
                }
            }
        }
        catch (InvalidDataException)
        {
            Outcome = BodyOutcome.Malformed;
        }
        catch (BadHttpRequestException bad)
        {
            Outcome = bad.StatusCode == StatusCodes.Status413PayloadTooLarge ? BodyOutcome.TooLarge : BodyOutcome.Malformed;
        }
    }

    bool Grow(int to)
    {
        if (!budget.TryTake(to - taken))
        {
            Outcome = BodyOutcome.Busy;
            return false;
        }

        taken = to;
        var grown = ArrayPool<byte>.Shared.Rent(to);
        buffer.AsSpan(0, length).CopyTo(grown);
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        buffer = grown;
        return true;
    }
}
