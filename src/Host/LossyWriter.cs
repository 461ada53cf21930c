using System.Text;

namespace Mainstay.Host;

/// <summary>
/// Writes what can be written. A disk that is full or a reader that is gone ends no process that has better to do than to log: what is lost is
/// counted, and the first reason kept.
/// </summary>
sealed class LossyWriter(TextWriter inner) : TextWriter
{
    static long lost;

    IOException? failure;

    /// <summary>Writes that were lost in this process.</summary>
    public static long Lost => Volatile.Read(ref lost);

    /// <summary>Why something was lost; null where nothing was.</summary>
    public IOException? Failure => Volatile.Read(ref failure);

    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value) => Try(() => inner.Write(value));

    public override void Write(string? value) => Try(() => inner.Write(value));

    public override void Write(char[] buffer, int index, int count) => Try(() => inner.Write(buffer, index, count));

    public override void WriteLine() => Try(inner.WriteLine);

    public override void WriteLine(string? value) => Try(() => inner.WriteLine(value));

    public override void Flush() => Try(inner.Flush);

    void Try(Action write)
    {
        try
        {
            write();
        }
        catch (IOException refused)
        {
            Interlocked.Increment(ref lost);
            Interlocked.CompareExchange(ref failure, refused, null);
        }
    }
}
