namespace Mainstay.Schedule.Drivers;

/// <summary>
/// Reads the logs of all instances on from where somebody stopped, a piece at a time, while the agent writes them; the place is the reader's to keep. What was rotated away
/// before it was read is passed over.
/// </summary>
/// <param name="folder">As of <see cref="LogReader"/>.</param>
public sealed class LogTail(string folder)
{
    /// <summary>The most bytes of one piece; a line is at most a hundredth of it.</summary>
    const int PieceBytes = 1 << 20;

    /// <summary>The logs of instances below a data folder.</summary>
    public static LogTail OfInstances(string data) => new(Path.Combine(data, "logs", "instances"));

    /// <summary>The instances that have a log.</summary>
    public IReadOnlyList<string> Names()
    {
        try
        {
            return [.. Directory.EnumerateDirectories(folder).Select(p => Path.GetFileName(p))];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    /// <summary>The service whose instance that is.</summary>
    public static string ServiceOf(string instance) => instance.LastIndexOf('-') is > 0 and var dash ? instance[..dash] : instance;

    /// <summary>The next whole lines of a log and where they end; none where there is nothing new.</summary>
    /// <param name="name">The instance.</param>
    /// <param name="file">The number of the file that was read last; 0 for the beginning.</param>
    /// <param name="offset">How much of it was read.</param>
    public (IReadOnlyList<LogLine> Lines, int File, long Offset) Next(string name, int file, long offset)
    {
        var path = Path.Combine(folder, name);
        while (true)
        {
            var bytes = file == 0 ? [] : LogSegments.Piece(LogSegments.PathOf(path, file), offset, PieceBytes);
            if (bytes.Length > 0)
            {
                return ([.. LogSegments.Parse(bytes, name)], file, offset + bytes.Length);
            }

            // A file is ended when the next one is there.
            var known = file;
            if ((file > 0 && File.Exists(LogSegments.PathOf(path, file)) && !File.Exists(LogSegments.PathOf(path, file + 1))) || LogSegments.In(path).FirstOrDefault(n => n > known) is not (> 0 and var next))
            {
                return ([], file, offset);
            }

            (file, offset) = (next, 0);
        }
    }
}
