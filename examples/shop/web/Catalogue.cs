namespace Shop.Web;

/// <summary>A product; <c>Cents</c> is the price of one piece.</summary>
record Product(string Sku, int Cents, Name En, Name Zh)
{
    public Name In(Words words) => words.Language == "zh" ? Zh : En;
}

record Name(string Title, string Text);

static class Catalogue
{
    public static readonly Product[] All =
    [
        new("lantern", 5900, new("Storm lantern", "Brass and clear glass, filled once for a whole night's watch."), new("防风马灯", "黄铜与透明玻璃，加一次油，亮一整夜。")),
        new("mug", 1800, new("Enamel mug", "Steel under white enamel. Drop it, and carry on drinking."), new("搪瓷杯", "钢胎白搪瓷，摔一下，接着喝。")),
        new("rope", 3200, new("Hemp rope, 10 m", "Three strands, laid by hand, tarred once. The line the rest hangs from."), new("麻绳 10 米", "三股手工绞合，浸过一道焦油。一切都系在它上面。")),
        new("compass", 7400, new("Pocket compass", "A steady needle in a case that closes with a click."), new("怀表指南针", "指针沉稳，盒盖“咔哒”一声合上。")),
        new("cap", 2600, new("Watch cap", "Wool, ribbed and close, for the hours before dawn."), new("水手毛线帽", "罗纹羊毛，紧贴耳边，陪你到天亮。")),
        new("logbook", 2200, new("Log book", "Two hundred pages that lie flat. Write down what really happened."), new("航海日志", "两百页，平摊不卷。写下真正发生的事。")),
        new("tea", 1400, new("Smoked tea, 100 g", "Dried over pine fires. It smells of harbours in the morning."), new("烟熏红茶 100 克", "松火烘焙，是清晨港口的味道。")),
        new("bell", 14900, new("Ship's bell", "Cast bronze, five made this year, and none after them."), new("船钟", "青铜铸造，今年五口，之后再无。")),
    ];

    static readonly Dictionary<string, Product> BySku = All.ToDictionary(p => p.Sku);

    public static Product? Find(string? sku) => sku is null ? null : BySku.GetValueOrDefault(sku);
}
