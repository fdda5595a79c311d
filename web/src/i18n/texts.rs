//! Every text of the page, English and Chinese side by side. `{0}`, `{1}` are gaps, see [`super::fill`].

macro_rules! texts {
    ($($key:ident: $english:literal, $chinese:literal;)*) => {
        /// The texts of one language.
        pub(crate) struct Texts {
            $(pub(crate) $key: &'static str,)*
        }

        /// English.
        pub(super) static EN: Texts = Texts { $($key: $english,)* };

        /// Simplified Chinese.
        pub(super) static ZH: Texts = Texts { $($key: $chinese,)* };

        /// Key, English, Chinese.
        #[cfg(test)]
        pub(super) const TABLE: &[(&str, &str, &str)] = &[$((stringify!($key), $english, $chinese),)*];
    };
}

texts! {
    title: "Terrarium: a Bitcoin network under glass", "生态缸 Terrarium：玻璃缸里的比特币网络";
    name: "Terrarium", "生态缸 Terrarium";

    agreement: "{0} of {1} nodes agree on {2} {3}", "{1} 个节点中 {0} 个一致：第 {2} 块 {3}";
    network_classroom: "classroom network", "课堂网络";
    network_custom: "a chain of its own", "自建的链";
    no_chain_yet: "No chain yet", "还没有区块链";
    power_and_pace: "{0} kH/s in all · a block every {1} s", "总算力 {0} kH/s · 平均 {1} 秒一块";
    power_alone: "{0} kH/s in all", "总算力 {0} kH/s";
    clock: "Clock of the lab", "实验室时钟";
    pause: "Pause", "暂停";
    resume: "Go on", "继续";
    step: "One second further", "前进一秒";
    speed: "Speed", "速度";
    language: "Language", "语言";
    theme: "Light or dark", "浅色 / 深色";
    new_network: "New network", "新建网络";
    new_network_asks: "Every node of this lab is ended, its chain and its wallet's keys are deleted. This cannot be undone.", "本实验室的所有节点都将结束，它们的区块链和钱包私钥都会被删除，无法恢复。";
    new_network_yes: "Delete and begin anew", "删除并重新开始";

    moving: "Save or open a lab", "保存或打开实验室";
    moving_save_about: "Takes this lab away as one file: its nodes, chains and settings. Open it again here or on another machine.", "把本实验室存成一个文件：节点、区块链和设置。可在本机或另一台电脑上再次打开。";
    moving_keys: "with the wallets' private keys: whoever has the file can spend their coins", "包含钱包私钥：拿到文件的人可以花掉这些币";
    moving_save: "Save as a file", "保存为文件";
    moving_saved: "Saved as {0}. Look that it is among your downloads before you clear anything.", "已保存为 {0}。清空之前，请先确认下载文件夹里有它。";
    moving_clear: "Clear for the next student", "清空，留给下一位同学";
    moving_open_about: "Opening a lab file takes the place of this lab: its chains and keys are deleted. A file that cannot be used changes nothing.", "打开实验室文件会取代本实验室：现有的区块链和私钥会被删除。文件无法使用时什么都不会改变。";
    moving_choose: "Choose a lab file", "选择实验室文件";
    moving_open: "Delete this lab and open {0}", "删除本实验室并打开 {0}";
    moving_working: "Working …", "正在处理……";
    moving_opened: "{0} is open.", "已打开 {0}。";
    moving_unread: "The browser could not read this file.", "浏览器无法读取这个文件。";
    moving_no_lab: "This is no lab file that can be opened: {0}", "这不是可以打开的实验室文件：{0}";
    moving_in_class: "A lab file is opened outside of a class: leave the class first.", "请先退出课堂，再打开实验室文件。";
    moving_elsewhere: "Another tab runs node {0}: do it there, or close that tab.", "节点 {0} 正在另一个标签页中运行：请在那里操作，或关闭那个标签页。";
    moving_node: "Node {0}: {1}", "节点 {0}：{1}";

    set_up_failed: "The first blocks could not be made: {0}. Reload the page to go on, or make a new network.", "未能准备好最初的区块：{0}。请刷新页面继续，或新建网络。";
    emptied_elsewhere: "This lab was emptied in another tab.", "这个实验室已在另一个标签页中清空。";
    other_build: "This page and its workers are of different builds. Clear this site's cache, then reload.", "页面与工作线程的版本不一致。请清除本站缓存后刷新。";
    unknown_scene: "There is no scene \"{0}\": this is the first one.", "没有名为“{0}”的场景，这里显示的是第一场景。";
    bad_lab_name: "A lab cannot be called \"{0}\": letters, digits, - and _ only, 32 at most. This is the scene's own lab.", "实验室不能叫“{0}”：只能用字母、数字、- 和 _，最多 32 个。这里显示的是该场景自己的实验室。";
    reload: "Reload", "刷新";

    send: "Send coins", "发送教学币";
    send_about: "Pay from one wallet to another and follow the transaction into a block", "从一个钱包付给另一个，看交易如何进入区块";
    cut: "Cut the network", "切断网络";
    cut_about: "Split it in two, let both halves grow, then heal it", "分成两半，两条链各自生长，再接回来";
    heal: "Heal the network", "接通网络";
    heal_about: "Join the halves again: the chain with the most work stays", "重新接通两半：累计工作量最大的链留下";
    add_node: "Add a node", "添加节点";
    add_node_about: "One more miner, wallet or full node joins the network", "再加入一个矿工、钱包或全节点";
    two_sides: "The two sides of the cut", "被切开的两边";
    move_to_other_side: "Move {0} to the other side", "把 {0} 移到另一边";

    class: "Class", "课堂";
    class_about: "Join the others in one network, on many machines", "和大家加入同一个网络，一人一台电脑";
    class_leaves: "This page then leaves its own network, which waits here for you, and brings one node to the class.", "加入后，本页会离开自己的网络（保留在这里等你回来），并带一个节点进入课堂。";
    class_name: "Your name", "你的名字";
    class_join: "Join", "加入";
    class_open: "Open a class", "开设课堂";
    room_code: "Code of the class", "课堂代码";
    room_qr: "The address of the class as a QR code", "课堂地址二维码";
    room_up: "Connected. This browser is {0} in the class's network.", "已连接。本浏览器在课堂网络中的地址是 {0}。";
    room_lost: "No connection to the relay: it is tried again.", "与中继的连接已断开，正在重试。";
    room_unreachable: "The relay does not answer. Is it running, and is this machine on its network?", "中继没有应答。它在运行吗？这台电脑和它在同一网络吗？";
    room_unknown: "There is no class of this code. Look at the projector again: a code has six letters and digits.", "没有这个代码的课堂。请再看一眼投影：代码是六位字母和数字。";
    room_no_code: "A code has six letters and digits, such as ABC234.", "代码是六位字母和数字，例如 ABC234。";
    room_too_many_tries: "Too many tries came from here: wait a minute.", "从这里来的尝试太多，请等一分钟。";
    room_full: "The class is full.", "课堂已满。";
    room_relay_full: "This relay has no place for another class.", "这个中继不能再开设新的课堂。";
    room_other_tab: "Another tab of this browser is in the class: this one watches.", "本浏览器的另一个标签页已在课堂中，这里只能旁观。";
    room_closed: "The class was closed.", "课堂已关闭。";
    room_teacher: "{0} (teacher)", "{0}（老师）";
    room_you: "{0}, you", "{0}，你";
    room_own_waits: "Your own network waits where you left it.", "你自己的网络保留在原处。";
    room_start_mining: "Start mining for all", "全班开始挖矿";
    room_pause_mining: "Pause mining for all", "全班暂停挖矿";
    room_mining: "The class mines, {0} kH/s each. Everyone may turn their own dial down.", "全班正在挖矿，每人 {0} kH/s。每个人都可以调低自己的算力。";
    room_not_mining: "The class does not mine. The teacher sets it going, at {0} kH/s each.", "全班没有挖矿，由老师开始，每人 {0} kH/s。";
    room_lock: "Let nobody new in", "不再让新人加入";
    room_unlock: "Let others in again", "重新允许加入";
    room_locked: "The teacher lets nobody new in.", "老师已设置不再让新人加入。";
    room_list: "List as CSV", "名单（CSV）";
    room_remove: "Send away", "移出";
    room_removed: "The teacher has sent this browser away.", "老师已将本浏览器移出课堂。";
    room_leave: "Leave the class", "离开课堂";

    path: "Path", "路径";
    path_browser: "within this browser", "在本浏览器之内";
    path_relay: "by the relay", "经中继转发";
    path_direct: "direct, from browser to browser", "浏览器之间直连";
    path_began: "a connection began by the relay: the two browsers are to be introduced", "连接先经中继建立，准备介绍两个浏览器相识";
    path_offered: "this browser's description went out through the relay", "本浏览器的描述已经由中继送出";
    path_answered: "the answer went through the relay", "应答已经由中继送到";
    path_gathered: "own addresses gathered: {0}", "已收集自己的地址（映射）：{0} 个";
    path_punched: "the browsers reached each other: the channel is open", "两个浏览器互相打通，通道已建立";
    path_relay_left: "both send by the channel: the relay has left the path", "双方都走通道，中继退出";
    path_back: "the relay carries it: {0}", "由中继转发：{0}";
    path_unsupported: "this browser has no WebRTC", "本浏览器没有 WebRTC";
    path_other_unsupported: "the other browser has no WebRTC", "对方浏览器没有 WebRTC";
    path_too_many: "there are as many direct links as a browser takes", "直连数目已达上限";
    path_too_late: "nothing got through between the two in time", "双方在限定时间内未能打通";
    path_closed: "the channel was closed", "通道已关闭";
    path_other_end: "the other browser gave it up", "对方浏览器放弃了直连";
    path_strange: "what came by the channel was no frame", "通道中传来的不是有效的帧";
    path_off: "direct links are switched off", "直连已被关闭";

    from: "From", "付款方";
    to: "To", "收款方";
    an_address: "An address …", "某个地址……";
    address: "Address", "地址";
    amount: "Amount in coins", "金额（教学币）";
    fee: "Fee", "手续费";
    most: "All", "全部";
    most_about: "All that the payer's richest address holds, less the fee", "付款方余额最多的地址中的全部余额，扣除手续费";
    pay: "Send", "发送";
    choose_payer: "Choose who pays.", "请选择付款方。";
    choose_recipient: "Choose who is paid.", "请选择收款方。";
    address_missing: "Enter the address to pay to.", "请输入收款地址。";
    address_invalid: "This is not an address of this network. A letter may be wrong: addresses carry a checksum.", "这不是本网络的地址。可能有字母写错：地址带有校验和。";
    amount_unreadable: "Enter a number of coins with at most 8 decimal places, such as 2.5.", "请输入教学币数目，最多 8 位小数，例如 2.5。";
    amount_comma: "Write the amount with a point and without commas, such as 1000.5.", "请用小数点，不要用逗号，例如 1000.5。";
    amount_too_fine: "At most 8 decimal places: a coin has 100 million parts.", "最多 8 位小数：一个币分为一亿份。";
    amount_too_large: "More than 21 million coins cannot exist.", "币的总数不会超过 2100 万。";
    amount_zero: "The amount must be above zero.", "金额必须大于零。";
    no_coins: "This wallet has no coins yet: mine a block, or be paid first.", "这个钱包还没有币：先挖一块，或先收一笔款。";
    not_enough: "The payer's richest address holds {0} confirmed coins, which is not enough.", "付款方余额最多的地址只有 {0} 个已确认的币，不够。";
    not_enough_now: "Not enough coins that can be spent now: earlier payments may still wait for a block.", "目前可花费的币不够：之前的付款可能还在等待进入区块。";

    no_worker: "Node {0} has no worker: start it first.", "节点 {0} 没有在工作：请先启动。";
    not_started: "Node {0} did not start.", "节点 {0} 未能启动。";
    is_running: "Node {0} is running: stop it first.", "节点 {0} 正在运行：请先停止。";
    no_blockchain: "This node has no chain yet: create one first.", "这个节点还没有区块链：请先创建。";
    wrong_miner_address: "The miner's address is not an address of this network.", "矿工地址不是本网络的地址。";
    unreadable_chain: "This node's stored chain cannot be opened ({0}). Its blocks are kept: copy a chain file onto it, or remove the node.", "无法打开这个节点保存的区块链（{0}）。区块保持原样：请向它复制一个链文件，或移除该节点。";
    store_refused: "The change could not be stored: {0}", "更改未能保存：{0}";
    worker_refused: "The browser could not start a worker: {0}", "浏览器无法启动工作线程：{0}";
    unknown_key: "The key of {0} is not in this node's wallet.", "这个节点的钱包里没有 {0} 的私钥。";
    amount_refused: "{0} coins cannot be paid: more than 0 and at most 21 million can.", "不能支付 {0} 个币：金额必须大于 0，且不超过 2100 万。";
    blockchain_exists: "This node has a chain already.", "这个节点已经有区块链了。";
    not_found: "This node does not know {0}.", "这个节点不知道 {0}。";
    rejected: "The node's rules refuse it: {0}", "不符合节点的规则：{0}";
    bad_argument: "The node cannot do that: {0}", "节点无法照办：{0}";
    bad_chain_file: "This chain file cannot be used: {0}", "无法使用这个区块链文件：{0}";
    not_available: "Node {0} cannot be reached: start it first.", "无法连接节点 {0}：请先启动它。";
    cancelled: "Cancelled. What was done stays.", "已取消，已完成的部分保留。";
    label_invalid: "A label is up to 40 characters without spaces.", "标签最多 40 个字符，不能有空格。";
    given_up: "cancelled after {0} of {1} blocks", "已取消，完成了 {0} / {1} 块";
    goes_on: "the node goes on by itself: {0} of {1} blocks", "节点会自己继续：{0} / {1} 块";
    label_taken: "The label {0} is taken in this lab.", "标签 {0} 在本实验室中已被使用。";
    ended_unanswered: "Node {0} ended before it answered.", "节点 {0} 没有回答就结束了。";

    followed: "The followed payment", "跟踪的付款";
    payment: "{0} coins: {1} → {2}", "{0} 个币：{1} → {2}";
    sent: "sent", "已发送";
    in_mempools: "sent; in {0} mempools", "已发送；在 {0} 个交易池中";
    waits_for_block: "waits for a block", "等待进入区块";
    in_block: "in block {0} {1}", "已进入第 {0} 块 {1}";
    confirmations: "{0} confirmations", "{0} 个确认";
    settled: "settled, {0} confirmations", "已确定，{0} 个确认";

    network: "Network", "网络";
    messages_a_second: "{0} messages/s", "消息 {0} 条/秒";
    map_about: "Map of the network: nodes, their connections and what travels on them; the live log tells the same in words", "网络图：节点、连接和正在传送的消息；实时日志用文字讲述同样的内容";
    cut_link: "Cut the link {0} – {1}", "切断连接 {0} – {1}";
    heal_link: "Heal the link {0} – {1}", "接通连接 {0} – {1}";
    encrypted_link: "encrypted (BIP324)", "已加密（BIP324）";
    live_log: "Live log", "实时日志";
    took_in_transaction: "{0} took in transaction {1}", "{0} 收下交易 {1}";
    was_cut: "the network was cut into {0} parts", "网络被切成 {0} 部分";
    was_healed: "the network was healed", "网络已重新连通";
    link_was_cut: "the link {0} – {1} was cut", "链路 {0} – {1} 已切断";
    link_was_healed: "the link {0} – {1} was healed", "链路 {0} – {1} 已恢复";
    accepted_block: "{0} accepted block {1} {2}", "{0} 接受第 {1} 块 {2}";
    reorganised: "{0} changed branch: {1} blocks left, {2} joined, {3} transactions back in the mempool", "{0} 链重组：撤下 {1} 块，接上 {2} 块，{3} 笔交易退回交易池";
    peer_came: "{0} connected to {1}", "{0} 已连接 {1}";
    peer_went: "{0} lost its connection to {1}", "{0} 与 {1} 的连接已断开";

    chain: "Chain (all nodes)", "区块链（全部节点）";
    chain_about: "The last blocks of all nodes, oldest first; scroll sideways", "全部节点的最近区块，从旧到新；可横向滚动";
    stale_count: "{0} stale", "陈旧区块 {0}";
    stale: "stale", "陈旧区块";
    stale_returned: "{0} transactions back in the mempool", "{0} 笔交易退回交易池";
    no_blocks_yet: "No blocks yet. They appear here as soon as a node has a chain.", "还没有区块。节点有了区块链就会出现在这里。";
    block_spoken: "Block {0} {1}, {2} transactions", "第 {0} 块 {1}，{2} 笔交易";
    block_named: "Block {0} {1}", "第 {0} 块 {1}";

    nodes: "Nodes", "节点";
    no_nodes_yet: "This lab has no nodes yet.", "这个实验室还没有节点。";
    role_central: "central", "中心节点";
    role_miner: "miner", "矿工";
    role_wallet: "wallet", "钱包";
    role_full: "full node", "全节点";
    role_spv: "light (SPV)", "轻节点（SPV）";
    about_central: "The node that the others connect to first. Does not mine by itself.", "其他节点首先连接的节点，自己不挖矿。";
    about_miner: "Collects transactions and looks for the next block.", "收集交易，寻找下一个区块。";
    about_wallet: "Pays and is paid; checks every block like all the others.", "付款和收款；和其他节点一样验证每个区块。";
    about_full: "Checks and relays blocks and transactions.", "验证并转发区块和交易。";
    about_spv: "Keeps block headers alone and has its payments proven to it.", "只保存区块头，靠默克尔证明验证自己的收付款。";
    state_starting: "starting", "启动中";
    state_running: "running", "运行中";
    state_stopped: "stopped", "已停止";
    state_viewer: "watching", "旁观";
    state_killed: "ended", "已结束";
    state_crashed: "failed", "已出错";
    syncing: "{0} of {1}", "{0} / {1}";
    blocks_of: "{0} of {1} blocks", "{0} / {1} 块";
    work_sync: "Syncing:", "正在同步：";
    work_mine: "Mining:", "正在挖矿：";
    work_read: "Reading:", "正在读取：";
    work_rescan: "Scanning for the wallet:", "钱包正在扫描：";
    work_reindex: "Building the coins anew:", "正在重建 UTXO 集：";
    work_import: "Checking the chain file:", "正在验证区块链文件：";
    do_not_wait: "Do not wait", "不再等待";
    interrupt: "Interrupt (^C)", "中断（^C）";
    height: "Height", "高度";
    last_blocks: "Last blocks", "最近的区块";
    balance: "balance", "余额";
    pending: "pending", "待确认";
    immature: "immature", "未成熟";
    mempool: "mempool", "交易池";
    peers: "peers", "连接";
    blocks_found: "blocks found", "挖到区块";
    hash_power: "hash power", "算力";
    khs: "{0} kH/s", "{0} kH/s";
    new_address: "New address", "新地址";
    mine_one: "Mine one", "挖一块";
    start: "Start", "启动";
    stop: "Stop", "停止";
    remove: "Remove", "移除";
    remove_node: "Remove node {0}", "移除节点 {0}";
    remove_asks: "The node leaves the network; its chain and its wallet's keys are deleted. This cannot be undone.", "节点将离开网络，它的区块链和钱包私钥都会被删除，无法恢复。";
    crashed: "The node failed and failed again: {0}. Start opens it from its store.", "节点连续出错：{0}。点“启动”可从存储中重新打开。";
    crashed_and_restarted: "The node failed and was started again from its store: {0}", "节点出错，已从存储中重新启动：{0}";
    memory_only: "Kept in memory only, gone with this page: {0}", "数据只在内存中，关闭页面即丢失：{0}";
    viewer: "Another tab runs this node; here you watch it.", "另一个标签页正在运行这个节点，这里只能旁观。";
    repaired: "Repaired when it was opened: {0}", "打开时已修复：{0}";
    store_failed: "The browser refuses to store more: {0}. The node serves what it has and neither mines nor downloads.", "浏览器拒绝继续存储：{0}。节点继续提供已有数据，但不再挖矿和下载。";
    console: "Console", "控制台";
    log: "Log", "日志";
    wallet: "Wallet", "钱包";

    peers_of: "Peers of {0}: {1}", "{0} 的连接：{1}";
    connections: "Connections", "连接";
    no_peers: "No connections now.", "目前没有连接。";
    inbound: "inbound", "入站";
    outbound: "outbound", "出站";
    in_handshake: "handshake", "握手中";
    encrypted: "v2, encrypted", "v2，已加密";
    in_the_clear: "v1, in the clear", "v1，明文";
    program: "Program", "程序";
    services: "Offers", "提供服务";
    ping: "Ping", "往返时延";
    traffic: "Traffic", "流量";
    traffic_of: "{0} B sent, {1} B received", "已发送 {0} B，已接收 {1} B";
    budget: "Budget left", "剩余预算";
    budget_of: "{0} of {1} ms work, {2} of {3} MB, {4} of {5} messages", "处理 {0} / {1} 毫秒，{2} / {3} MB，消息 {4} / {5} 条";
    over_budget: "over its budget: it waits for the others", "超出预算：要等其他节点先处理";
    within_budget: "within its budget", "在预算之内";
    last_time: "Last time", "上次断开";
    parted_at: "{0}: {1}", "{0}：{1}";
    ended_connections: "Connections that ended", "已断开的连接";
    none_ended: "None yet.", "还没有。";

    watch: "Watching for attacks", "攻击监测";
    nothing_unusual: "Nothing unusual.", "没有异常。";
    diversity: "Diversity", "多样性";
    diversity_of: "{0} peers of {1} address groups", "{0} 个连接，来自 {1} 个地址组";
    message_rate: "Messages", "消息速率";
    message_rate_of: "{0} a second, usually {1}", "每秒 {0} 条，平时 {1} 条";
    commonest_program: "Commonest program", "最常见的程序";
    commonest_program_of: "{0}: {1} of {2} peers", "{0}：{2} 个连接中有 {1} 个";
    last_block: "Last new block", "最近的新区块";
    seconds_ago: "{0} s ago", "{0} 秒前";
    low_work: "Headers without work", "工作量不足的区块头";
    in_ten_minutes: "{0} in ten minutes", "十分钟内 {0} 个";
    warns_diversity: "Few address groups: {0} peers are of {1}, as in an eclipse attack. The node asked {2} seeds for others; it opens at most two connections into one group.", "地址组太少：{0} 个连接只来自 {1} 个地址组，可能是日食攻击。节点已向 {2} 个种子询问其他节点；它向同一组最多主动连接两个。";
    warns_message_rate: "Many messages: {0} a second, usually {1}. {2} peers are over their budgets and wait for the others.", "消息过多：每秒 {0} 条，平时 {1} 条，可能是洪水攻击。{2} 个连接超出预算，要等其他节点先处理。";
    warns_agents: "{1} of {2} peers have come to run {0}, as in a Sybil attack. The node asked {3} seeds for others.", "{2} 个连接中已有 {1} 个运行 {0}，可能是女巫攻击。节点已向 {3} 个种子询问其他节点。";
    warns_stale_tip: "No new block for {0} s. The node asked its peers {1} times for their headers; who does not answer is replaced.", "{0} 秒没有新区块。节点已向连接的节点索要区块头 {1} 次；不回答的会被替换。";
    warns_low_work: "{0} headers without enough work in ten minutes. The node kept none and cut off {1} peers.", "十分钟内收到 {0} 个工作量不足的区块头。节点没有保存，并断开了 {1} 个连接。";
    warned: "{0} warns: {1}", "{0} 警告：{1}";
    warning_over: "{0} no longer warns: {1}", "{0} 解除警告：{1}";

    part_closed: "closed by the other side, or the link was cut", "对方关闭，或链路被切断";
    part_bad_frame: "bytes that are no message of this network", "收到的字节不是本网络的消息";
    part_bad_encryption: "bytes that are no encrypted message", "收到的字节不是有效的加密消息";
    part_receive_flood: "more bytes than the node reads", "发来的字节超过节点能读取的量";
    part_locator_too_long: "a locator that is too long", "区块定位器过长";
    part_handshake_timeout: "no handshake in time", "握手超时";
    part_self_connection: "the node met itself", "连接到了自己";
    part_obsolete_version: "a protocol version that is too old", "协议版本过旧";
    part_lacks_services: "it does not serve the chain", "不提供区块链数据";
    part_ping_timeout: "silent for too long", "太久没有回应";
    part_headers_timeout: "its headers did not come in time", "区块头未按时到达";
    part_block_stalling: "it held up the download", "拖住了区块下载";
    part_block_download_timeout: "a block did not come in time", "区块未按时到达";
    part_duplicate: "there is another connection to it", "与它已有另一条连接";
    part_inbound_full: "no room for another inbound connection", "入站连接已满";
    part_evicted: "gave way to another connection", "为另一条连接让位";
    part_tested: "was only a test of the address", "只是测试该地址";
    part_addresses_fetched: "was only asked for addresses", "只是询问地址";
    part_full: "no room for another connection", "连接已满";
    part_banned: "banned by hand", "已被手动封禁";
    part_discouraged: "discouraged for what it did before", "因之前的行为被拒绝";
    part_by_hand: "ended by hand", "手动断开";
    part_delivered: "the payment was delivered", "付款已送达";
    part_stopped: "the node left the network", "节点离开了网络";
    part_opened_late: "opened too late", "连接建立得太晚";
    part_invalid_header: "an invalid header", "无效的区块头";
    part_too_many_headers: "too many headers at once", "一次发来的区块头过多";
    part_non_continuous_headers: "headers that do not follow each other", "区块头不连续";
    part_too_much_inventory: "an inventory that is too long", "清单过长";
    part_too_many_addresses: "too many addresses at once", "一次发来的地址过多";
    part_bad_filter: "a bad bloom filter", "无效的布隆过滤器";
    part_bad_compact_block: "a bad compact block", "无效的致密区块";
    part_bad_filter_request: "a bad request for filters", "无效的过滤器请求";
    part_false_filter: "a false filter", "虚假的过滤器";
    part_filter_timeout: "filters did not come in time", "过滤器未按时到达";
    part_bad_proof: "a false merkle proof", "虚假的默克尔证明";
    part_kept_back: "kept a transaction back", "隐瞒了交易";
    part_invalid_block: "an invalid block", "无效的区块";

    terminals: "Terminals", "终端";
    terminals_about: "for the seeds' transcripts: begin with set NODE_ID=3000", "用于教程中的命令：先输入 set NODE_ID=3000";
    new_terminal: "New terminal", "新终端";
    terminal_named: "Terminal {0}", "终端 {0}";

    addresses: "Addresses", "地址";
    label: "Label (optional)", "标签（可选）";
    history: "History", "交易记录";
    more_history: "{0} older ones are not shown.", "另有 {0} 条更早的记录未显示。";
    no_history: "Nothing paid or received yet.", "还没有付款或收款。";
    reward: "Block reward", "区块奖励";
    paid_to: "Paid to {0}", "付给 {0}";
    received: "Received", "收款";
    conflicted: "spent otherwise, can no longer confirm", "输入已被另一笔交易花费，不会再确认";
    node_gone: "This node is gone.", "这个节点已不存在。";

    block: "Block", "区块";
    transaction: "Transaction", "交易";
    loading: "Asking the node …", "正在询问节点……";
    standing: "Standing", "状态";
    in_active_chain: "in this node's active chain", "在该节点的主链上";
    previous_block: "Previous block", "前一区块";
    genesis: "none: this is the genesis block", "无：这是创世块";
    time: "Time", "时间";
    version: "Version", "版本";
    merkle_root: "Merkle root", "默克尔根";
    bits: "Target (bits)", "目标值（bits）";
    nonce: "Nonce", "随机数（nonce）";
    size: "Size", "大小";
    miner: "Paid to", "奖励付给";
    transactions: "Transactions: {0}", "交易：{0} 笔";
    coinbase: "coinbase", "币基交易";
    bytes: "Bytes", "字节";
    lock_time: "Lock time", "锁定时间";
    spends: "Spends", "花费";
    pays: "Pays", "支付";
    new_coins: "new coins (coinbase)", "新币（币基交易）";

    tutorial_one: "Tutorial scene one: a central node 3000, a wallet node 3001 and a miner 3002. Type the commands in the terminals below, or let them be played.", "教程场景一：中心节点 3000、钱包节点 3001、矿工 3002。可以在下面的终端里输入命令，也可以自动播放。";
    tutorial_two: "Tutorial scene two: two nodes with persistent connections, a subsidy of 100. Type the commands in the terminals below, or let them be played.", "教程场景二：两个保持长连接的节点，区块奖励 100。可以在下面的终端里输入命令，也可以自动播放。";
    play: "Play it", "播放";
    play_needs_new: "This lab has a chain already: New network, at the top right, begins anew.", "这个实验室已经有区块链：请先用右上角的“新建网络”重新开始。";
    playing: "{0} of {1} steps played", "已播放 {0} / {1} 步";
    play_given_up: "Stopped after {0} of {1} steps.", "已停止，播放了 {0} / {1} 步。";
    stop_playing: "Stop playing", "停止播放";
    played: "Every step held.", "每一步都符合预期。";
    play_failed: "Stopped: {0}", "已停止：{0}";

    disclaimer: "A teaching simulation: its coins are worth nothing, it is connected to no public network or mining pool.", "教学模拟：教学币没有任何价值，不连接任何公网或矿池。";
    scenes: "Scenes", "场景";
    scene_first: "First scene", "第一场景";
    scene_one: "Tutorial scene one", "教程场景一";
    scene_two: "Tutorial scene two", "教程场景二";
    scene_regtest: "Regtest lab", "Regtest 实验室";
    scene_empty: "Empty lab", "空实验室";

    copy: "copy", "复制";
    copied: "copied", "已复制";
    cancel: "Cancel", "取消";
    close: "Close", "关闭";
    back: "Back", "返回";
}
