<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en">
<context>
    <name>window</name>
    <message>
        <source>"{name}" can be loaded from the Profiles menu now.</source>
        <translation>现在可以从“档案”菜单载入“{name}”。</translation>
    </message>
    <message>
        <source>"{path}" cannot be played: it is no video, or it is damaged. Give a video file such as MP4, MOV, AVI, MKV or WebM.</source>
        <translation>无法播放“{path}”：它不是视频，或已损坏。请给出 MP4、MOV、AVI、MKV 或 WebM 等视频文件。</translation>
    </message>
    <message>
        <source>&amp;File</source>
        <translation>文件(&amp;F)</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>帮助(&amp;H)</translation>
    </message>
    <message>
        <source>&amp;Personalization</source>
        <translation>个性化(&amp;P)</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>视图(&amp;V)</translation>
    </message>
    <message>
        <source>1 (as published)</source>
        <translation>1（按论文）</translation>
    </message>
    <message>
        <source>A camera by its name, a video, a folder of pictures, or a demo clip. You can also drop a file on the window.</source>
        <translation>按名称选择摄像头、视频、图片文件夹或演示片段。也可以将文件拖到窗口上。</translation>
    </message>
    <message>
        <source>A human pose estimator that learns, while it runs, from the person in front of it. After {paper}. Its KeypointGAN is after {second}.</source>
        <translation>一个在运行时向面前之人学习的人体姿态估计程序。依据 {paper}。其中的 KeypointGAN 依据 {second}。</translation>
    </message>
    <message>
        <source>A point the network found itself</source>
        <translation>网络自己找到的点</translation>
    </message>
    <message>
        <source>A quarter</source>
        <translation>四分之一</translation>
    </message>
    <message>
        <source>About and licences</source>
        <translation>关于与许可</translation>
    </message>
    <message>
        <source>About {name}</source>
        <translation>关于 {name}</translation>
    </message>
    <message>
        <source>Action</source>
        <translation>操作</translation>
    </message>
    <message>
        <source>Add a folder of videos</source>
        <translation>添加视频文件夹</translation>
    </message>
    <message>
        <source>Add folder…</source>
        <translation>添加文件夹…</translation>
    </message>
    <message>
        <source>Add videos</source>
        <translation>添加视频</translation>
    </message>
    <message>
        <source>Add videos…</source>
        <translation>添加视频…</translation>
    </message>
    <message>
        <source>Affinity</source>
        <translation>亲和矩阵</translation>
    </message>
    <message>
        <source>Affinity arrows</source>
        <translation>亲和箭头</translation>
    </message>
    <message>
        <source>Affinity as picture…</source>
        <translation>亲和矩阵存为图片…</translation>
    </message>
    <message>
        <source>After each update weights go this share of the way back to the trained ones.</source>
        <translation>每次更新后权重按此比例退回训练值。</translation>
    </message>
    <message>
        <source>After {updates}, on {frames}. Less is better.</source>
        <translation>经过 {updates}，基于 {frames}。数值越小越好。</translation>
    </message>
    <message>
        <source>Agree with the running average of the weights, or with the network as trained.</source>
        <translation>与权重滑动平均一致，或与训练原样的网络一致。</translation>
    </message>
    <message>
        <source>All videos in a folder, of the same person</source>
        <translation>文件夹中同一个人的所有视频</translation>
    </message>
    <message>
        <source>Anchor</source>
        <translation>锚定</translation>
    </message>
    <message>
        <source>Angles</source>
        <translation>角度</translation>
    </message>
    <message>
        <source>Apache-2.0, package MIT</source>
        <translation>Apache-2.0，软件包 MIT</translation>
    </message>
    <message>
        <source>Appears when a person is found</source>
        <translation>找到人后显示</translation>
    </message>
    <message>
        <source>Appears with the first update</source>
        <translation>首次更新后显示</translation>
    </message>
    <message>
        <source>As published</source>
        <translation>按论文</translation>
    </message>
    <message>
        <source>As trained</source>
        <translation>训练原样</translation>
    </message>
    <message>
        <source>Ask cameras for {mode}</source>
        <translation>向摄像头请求 {mode}</translation>
    </message>
    <message>
        <source>At the desk (rendered, true joints known)</source>
        <translation>书桌前（渲染，已知真实关节）</translation>
    </message>
    <message>
        <source>Augmentations</source>
        <translation>增强</translation>
    </message>
    <message>
        <source>Average</source>
        <translation>平均</translation>
    </message>
    <message>
        <source>Back</source>
        <translation>返回</translation>
    </message>
    <message>
        <source>Batch size</source>
        <translation>批大小</translation>
    </message>
    <message>
        <source>Before and after</source>
        <translation>前后对比</translation>
    </message>
    <message>
        <source>Before and after side by side: as trained left of a line that you drag or move with the arrow keys, personalized right</source>
        <translation>前后并排：可拖动或用方向键移动的分界线左侧为训练原样，右侧为个性化结果</translation>
    </message>
    <message>
        <source>Begin again at the end</source>
        <translation>播完后重新开始</translation>
    </message>
    <message>
        <source>Begin the scales of the loss anew with each person, or carry them on.</source>
        <translation>每换一人重新开始损失尺度，或延续使用。</translation>
    </message>
    <message>
        <source>Begin with the view that shows what the network sees and learns (E).</source>
        <translation>以显示网络所见所学的视图开始（E）。</translation>
    </message>
    <message>
        <source>Bring back what the last reset, preset, source, profile or offline run took away</source>
        <translation>恢复上一次重置、预设、来源、档案或离线运行所去除的内容</translation>
    </message>
    <message>
        <source>Camera mode: {mode}</source>
        <translation>摄像头模式：{mode}</translation>
    </message>
    <message>
        <source>Cameras</source>
        <translation>摄像头</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Change</source>
        <translation>变化</translation>
    </message>
    <message>
        <source>Choose KeypointGAN weights</source>
        <translation>选择 KeypointGAN 权重</translation>
    </message>
    <message>
        <source>Choose a source</source>
        <translation>选择来源</translation>
    </message>
    <message>
        <source>Choose a source, or drop a video or a folder here.</source>
        <translation>请选择来源，或将视频或文件夹拖到此处。</translation>
    </message>
    <message>
        <source>Choose one</source>
        <translation>选择一个</translation>
    </message>
    <message>
        <source>Choose weights…</source>
        <translation>选择权重…</translation>
    </message>
    <message>
        <source>Choose what is drawn over the picture (1…8)</source>
        <translation>选择在画面上绘制的内容（1…8）</translation>
    </message>
    <message>
        <source>Choose what to look at</source>
        <translation>选择要观看的内容</translation>
    </message>
    <message>
        <source>Click into a key and press another one; the cross takes it away</source>
        <translation>点击按键并按下新的按键；点叉号可清除</translation>
    </message>
    <message>
        <source>Click or drag to another place; the arrow keys go a second on or back</source>
        <translation>点击或拖动到其他位置；方向键前进或后退一秒</translation>
    </message>
    <message>
        <source>Clip “gymnast”: Pose2Sim, D. Pagnon</source>
        <translation>片段“gymnast”：Pose2Sim，D. Pagnon</translation>
    </message>
    <message>
        <source>Clips lie in assets/demo</source>
        <translation>片段位于 assets/demo</translation>
    </message>
    <message>
        <source>Close the message</source>
        <translation>关闭消息</translation>
    </message>
    <message>
        <source>Close the message (Esc)</source>
        <translation>关闭消息（Esc）</translation>
    </message>
    <message>
        <source>Close the table</source>
        <translation>关闭表格</translation>
    </message>
    <message>
        <source>Close the table (Esc)</source>
        <translation>关闭表格（Esc）</translation>
    </message>
    <message>
        <source>Close the window</source>
        <translation>关闭窗口</translation>
    </message>
    <message>
        <source>Coloured by their contribution to the joints</source>
        <translation>颜色表示对关节的贡献</translation>
    </message>
    <message>
        <source>Compare</source>
        <translation>对比</translation>
    </message>
    <message>
        <source>Connect one, then open this menu again</source>
        <translation>请连接摄像头后再次打开此菜单</translation>
    </message>
    <message>
        <source>Consistency</source>
        <translation>一致性</translation>
    </message>
    <message>
        <source>Copy diagnostics</source>
        <translation>复制诊断信息</translation>
    </message>
    <message>
        <source>Cut the source out with the target's box, or with its own.</source>
        <translation>用目标的框裁剪来源，或用来源自己的框。</translation>
    </message>
    <message>
        <source>Degrees at elbows, knees, shoulders and hips, as the picture shows them</source>
        <translation>画面中肘、膝、肩、髋的角度</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>删除</translation>
    </message>
    <message>
        <source>Delete a profile</source>
        <translation>删除档案</translation>
    </message>
    <message>
        <source>Deleted the unfinished recording {name}.</source>
        <translation>已删除未完成的录制 {name}。</translation>
    </message>
    <message>
        <source>Delete…</source>
        <translation>删除…</translation>
    </message>
    <message>
        <source>Demo clips</source>
        <translation>演示片段</translation>
    </message>
    <message>
        <source>Device, schedule and source</source>
        <translation>设备、调度与来源</translation>
    </message>
    <message>
        <source>Different from every preset</source>
        <translation>与所有预设不同</translation>
    </message>
    <message>
        <source>Done</source>
        <translation>完成</translation>
    </message>
    <message>
        <source>Drag or click to another place of a file. Comma and full stop step by frames, square brackets change the speed.</source>
        <translation>拖动或点击到文件的其他位置。逗号和句号逐帧移动，方括号改变速度。</translation>
    </message>
    <message>
        <source>Drop the appearance</source>
        <translation>取消外观</translation>
    </message>
    <message>
        <source>End the tour (Esc)</source>
        <translation>结束导览（Esc）</translation>
    </message>
    <message>
        <source>Error</source>
        <translation>误差</translation>
    </message>
    <message>
        <source>Error of the person rebuilt from another frame, in percent of the error as trained</source>
        <translation>由另一帧重建人物的误差，占训练原样误差的百分比</translation>
    </message>
    <message>
        <source>Error, % of box</source>
        <translation>误差，占框的 %</translation>
    </message>
    <message>
        <source>Every result goes {names}</source>
        <translation>每个结果{names}</translation>
    </message>
    <message>
        <source>Explain</source>
        <translation>解释</translation>
    </message>
    <message>
        <source>Explaining</source>
        <translation>解释</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>导出</translation>
    </message>
    <message>
        <source>Export a profile</source>
        <translation>导出档案</translation>
    </message>
    <message>
        <source>Export keypoints</source>
        <translation>导出关键点</translation>
    </message>
    <message>
        <source>Export the network</source>
        <translation>导出网络</translation>
    </message>
    <message>
        <source>Export: {panel}</source>
        <translation>导出：{panel}</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>导出…</translation>
    </message>
    <message>
        <source>Faster</source>
        <translation>加速</translation>
    </message>
    <message>
        <source>Files</source>
        <translation>文件</translation>
    </message>
    <message>
        <source>Files begin again at their end (L).</source>
        <translation>文件播完后重新开始（L）。</translation>
    </message>
    <message>
        <source>Fill in the program's own settings and keys</source>
        <translation>填入程序默认的设置和按键</translation>
    </message>
    <message>
        <source>Fill in the settings of a preset</source>
        <translation>填入预设的设置</translation>
    </message>
    <message>
        <source>Find your place</source>
        <translation>找到位置</translation>
    </message>
    <message>
        <source>First the person is looked for in every frame, then all frames are learnt from in random order, and then the video plays again from its start, before and after side by side.</source>
        <translation>首先在每一帧中寻找人物，然后以随机顺序从所有帧学习，最后从头重新播放视频，并排显示前后对比。</translation>
    </message>
    <message>
        <source>Five places of the window, on the demo clip</source>
        <translation>用演示片段介绍窗口的五处</translation>
    </message>
    <message>
        <source>Follow</source>
        <translation>跟踪</translation>
    </message>
    <message>
        <source>Following the person</source>
        <translation>正在跟踪此人</translation>
    </message>
    <message>
        <source>Forget what was learnt and start afresh</source>
        <translation>忘记所学内容并重新开始</translation>
    </message>
    <message>
        <source>Frame back</source>
        <translation>上一帧</translation>
    </message>
    <message>
        <source>Frame forward</source>
        <translation>下一帧</translation>
    </message>
    <message>
        <source>Frame {frame} of {count}</source>
        <translation>第 {frame} 帧，共 {count} 帧</translation>
    </message>
    <message>
        <source>Frames captured but never predicted</source>
        <translation>已采集但未预测的帧</translation>
    </message>
    <message>
        <source>Frames predicted in a second</source>
        <translation>每秒预测的帧数</translation>
    </message>
    <message>
        <source>From self-supervised keypoints to the joints they inform</source>
        <translation>从自监督关键点指向其影响的关节</translation>
    </message>
    <message>
        <source>Further videos of the same person</source>
        <translation>同一个人的其他视频</translation>
    </message>
    <message>
        <source>Fast</source>
        <translation>快速</translation>
    </message>
    <message>
        <source>As Steady, with a quarter of the work: from one frame at a time instead of four</source>
        <translation>同“稳健”，计算量为四分之一：每次用一帧而非四帧</translation>
    </message>
    <message>
        <source>Gentle</source>
        <translation>温和</translation>
    </message>
    <message>
        <source>Give a profile another name</source>
        <translation>给档案改名</translation>
    </message>
    <message>
        <source>Give the run up; everything is as it was before (Esc)</source>
        <translation>放弃运行；一切恢复原样（Esc）</translation>
    </message>
    <message>
        <source>Go back to the trained weights after so many frames; 0: never.</source>
        <translation>这么多帧后恢复训练权重；0：从不。</translation>
    </message>
    <message>
        <source>Go back to the trained weights where the picture cuts to another scene.</source>
        <translation>画面切换场景时恢复训练权重。</translation>
    </message>
    <message>
        <source>Go on</source>
        <translation>继续</translation>
    </message>
    <message>
        <source>Guard</source>
        <translation>守护</translation>
    </message>
    <message>
        <source>Gymnast on a trampoline (real, four views)</source>
        <translation>蹦床上的体操运动员（实拍，四视角）</translation>
    </message>
    <message>
        <source>Half</source>
        <translation>一半</translation>
    </message>
    <message>
        <source>Held, {keypoints} moved</source>
        <translation>已保持，移动了 {keypoints}</translation>
    </message>
    <message>
        <source>Held: drag a keypoint, or Tab to it and use arrows</source>
        <translation>已保持：拖动关键点，或按 Tab 选中后用方向键</translation>
    </message>
    <message>
        <source>Hide everything around the picture; Esc brings it back</source>
        <translation>隐藏画面周围的一切；按 Esc 恢复</translation>
    </message>
    <message>
        <source>Hold frames out, and undo updates that make them worse.</source>
        <translation>留出部分帧，并撤销使其变差的更新。</translation>
    </message>
    <message>
        <source>Hold the run, and let it go on</source>
        <translation>暂停或继续运行</translation>
    </message>
    <message>
        <source>Hold this picture to move its keypoints, or follow the person again</source>
        <translation>保持此画面以移动关键点，或重新跟踪此人</translation>
    </message>
    <message>
        <source>How far a joint is from the straight way between its neighbours in time, in percent of the box around the person</source>
        <translation>关节偏离前后两帧之间直线的距离，占人物框的百分比</translation>
    </message>
    <message>
        <source>How far joints in the picture are from those in its mirror image, in percent of the box around the person; needs no true joints</source>
        <translation>画面中的关节与其镜像中的关节相距多远，占人物框的百分比；无需真实关节</translation>
    </message>
    <message>
        <source>How far one update moves the weights; larger learns faster and forgets more.</source>
        <translation>每次更新移动权重的幅度；越大学得越快，也忘得越多。</translation>
    </message>
    <message>
        <source>How far the run is</source>
        <translation>运行进度</translation>
    </message>
    <message>
        <source>How fast the file plays ([ and ])</source>
        <translation>文件播放速度（[ 和 ]）</translation>
    </message>
    <message>
        <source>How it learns, what the window does, and which key does what</source>
        <translation>如何学习、窗口行为以及各按键的作用</translation>
    </message>
    <message>
        <source>How much the network as trained counts beside what was learnt (0 to 1).</source>
        <translation>训练好的网络与所学内容相比的权重（0 到 1）。</translation>
    </message>
    <message>
        <source>How often each frame with the person is learnt from</source>
        <translation>从每个有此人的帧学习多少次</translation>
    </message>
    <message>
        <source>How slowly the average of the weights follows them (0: none, below 1).</source>
        <translation>权重平均跟随的缓慢程度（0：无，小于 1）。</translation>
    </message>
    <message>
        <source>Icons: Lucide</source>
        <translation>图标：Lucide</translation>
    </message>
    <message>
        <source>Import a profile</source>
        <translation>导入档案</translation>
    </message>
    <message>
        <source>Import…</source>
        <translation>导入…</translation>
    </message>
    <message>
        <source>Independent sources</source>
        <translation>独立来源</translation>
    </message>
    <message>
        <source>It is removed from this machine for good.</source>
        <translation>它将从本机永久删除。</translation>
    </message>
    <message>
        <source>It learns from what it sees, without labels, and keeps predicting. Reset forgets, Undo brings back, Profiles keep it for next time.</source>
        <translation>它从所见中学习，无需标注，同时继续预测。重置会忘记，撤销会恢复，档案可留待下次使用。</translation>
    </message>
    <message>
        <source>It starts from the trained weights. What was learnt before comes back with Undo (Ctrl+Z), and if you cancel, nothing has happened.</source>
        <translation>学习从训练权重开始。之前所学可用“撤销”（Ctrl+Z）恢复；若取消，则一切不变。</translation>
    </message>
    <message>
        <source>Iterations</source>
        <translation>迭代次数</translation>
    </message>
    <message>
        <source>Jitter</source>
        <translation>抖动</translation>
    </message>
    <message>
        <source>Keep</source>
        <translation>保留</translation>
    </message>
    <message>
        <source>Keep this person's look and show all poses with it, or drop it again</source>
        <translation>保留此人外观并用于所有姿态，或取消</translation>
    </message>
    <message>
        <source>Keep what was learnt from this person under a name</source>
        <translation>以名字保存从此人学到的内容</translation>
    </message>
    <message>
        <source>Keep whole frames, or compact ones around the person (live: always compact).</source>
        <translation>保留整帧，或只保留人物周围（实时：始终紧凑）。</translation>
    </message>
    <message>
        <source>Key</source>
        <translation>按键</translation>
    </message>
    <message>
        <source>Key for {name}</source>
        <translation>“{name}”的按键</translation>
    </message>
    <message>
        <source>KeypointGAN</source>
        <translation>KeypointGAN</translation>
    </message>
    <message>
        <source>KeypointGAN as picture…</source>
        <translation>KeypointGAN 存为图片…</translation>
    </message>
    <message>
        <source>KeypointGAN stopped with {file} ({error}). Choose its weights again, or other ones.</source>
        <translation>KeypointGAN 在使用 {file} 时停止（{error}）。请重新选择该权重或其他权重。</translation>
    </message>
    <message>
        <source>Keypoints</source>
        <translation>关键点</translation>
    </message>
    <message>
        <source>Keypoints as COCO JSON…</source>
        <translation>关键点存为 COCO JSON…</translation>
    </message>
    <message>
        <source>Keypoints as CSV…</source>
        <translation>关键点存为 CSV…</translation>
    </message>
    <message>
        <source>Keypoints of the person</source>
        <translation>此人的关键点</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>语言</translation>
    </message>
    <message>
        <source>Later</source>
        <translation>稍后</translation>
    </message>
    <message>
        <source>Learn from every frame of the video, or of what is remembered of the camera; click again to stop</source>
        <translation>从视频的每一帧学习，或从保留的摄像头画面学习；再次点击停止</translation>
    </message>
    <message>
        <source>Learn from the current frame, or from a random one seen so far.</source>
        <translation>从当前帧学习，或从已见的随机帧学习。</translation>
    </message>
    <message>
        <source>Learn from the person in the picture while predicting</source>
        <translation>在预测的同时向画面中的人学习</translation>
    </message>
    <message>
        <source>Learn from the whole video</source>
        <translation>从整段视频学习</translation>
    </message>
    <message>
        <source>Learning from the frames that are remembered of the camera. Open a video file to learn from every frame of it.</source>
        <translation>正在从保留的摄像头画面学习。若要从每一帧学习，请打开视频文件。</translation>
    </message>
    <message>
        <source>Learning from the video failed ({error}). Nothing was changed; try it again, or with fewer videos.</source>
        <translation>从视频学习失败（{error}）。未作任何改动；请重试，或减少视频数量。</translation>
    </message>
    <message>
        <source>Learning rate</source>
        <translation>学习率</translation>
    </message>
    <message>
        <source>Carries answers along from frame to frame, and learns to agree with its mirror image and with the frames around; a guard undoes harm</source>
        <translation>将各帧的结果沿运动延续，并学习与镜像及前后帧保持一致；守护机制撤销有害的更新</translation>
    </message>
    <message>
        <source>Learnt: {updates} on {videos}. Undo (Ctrl+Z) takes it back.</source>
        <translation>已学习：{updates}，{videos}。用“撤销”（Ctrl+Z）可收回。</translation>
    </message>
    <message>
        <source>Leave everything as it was (Esc)</source>
        <translation>保持原样（Esc）</translation>
    </message>
    <message>
        <source>Leave the chosen one out; the video that is open stays</source>
        <translation>去掉所选的一项；打开的视频保留</translation>
    </message>
    <message>
        <source>Leave the picture alone, stop an offline run</source>
        <translation>退出仅显示画面，停止离线运行</translation>
    </message>
    <message>
        <source>Left limbs are warm, right limbs cool; pale means unsure. Several people? Click the one to follow. The chip at the lower left tells what is going on.</source>
        <translation>左侧肢体为暖色，右侧为冷色；颜色浅表示不确定。有多人？点击要跟踪的人。左下角的标签说明当前状态。</translation>
    </message>
    <message>
        <source>Let it learn this person</source>
        <translation>让它学习此人</translation>
    </message>
    <message>
        <source>Limbs between the predicted joints</source>
        <translation>预测关节之间的肢体</translation>
    </message>
    <message>
        <source>Live pictures of all, to choose one by what it sees</source>
        <translation>显示所有摄像头的实时画面，按所见选择</translation>
    </message>
    <message>
        <source>Live view</source>
        <translation>实时画面</translation>
    </message>
    <message>
        <source>Live view as picture…</source>
        <translation>实时画面存为图片…</translation>
    </message>
    <message>
        <source>Load</source>
        <translation>载入</translation>
    </message>
    <message>
        <source>Loading {name} …</source>
        <translation>正在加载 {name} …</translation>
    </message>
    <message>
        <source>Look through {name}</source>
        <translation>使用 {name}</translation>
    </message>
    <message>
        <source>Looking at this machine …</source>
        <translation>正在检查本机…</translation>
    </message>
    <message>
        <source>Looking for cameras…</source>
        <translation>正在查找摄像头…</translation>
    </message>
    <message>
        <source>Loop</source>
        <translation>循环</translation>
    </message>
    <message>
        <source>Looping</source>
        <translation>循环</translation>
    </message>
    <message>
        <source>Mean distance to the true joints, in percent of the box around the person</source>
        <translation>与真实关节的平均距离，占人物框的百分比</translation>
    </message>
    <message>
        <source>Message: {sentence}</source>
        <translation>消息：{sentence}</translation>
    </message>
    <message>
        <source>Mirror</source>
        <translation>镜像</translation>
    </message>
    <message>
        <source>Mirror difference</source>
        <translation>镜像差异</translation>
    </message>
    <message>
        <source>Mirrored</source>
        <translation>镜像</translation>
    </message>
    <message>
        <source>More</source>
        <translation>更多</translation>
    </message>
    <message>
        <source>Name of the person</source>
        <translation>此人的名字</translation>
    </message>
    <message>
        <source>Neighbours</source>
        <translation>邻帧</translation>
    </message>
    <message>
        <source>Carry</source>
        <translation>延续</translation>
    </message>
    <message>
        <source>Network as ONNX…</source>
        <translation>网络存为 ONNX…</translation>
    </message>
    <message>
        <source>New here? A tour shows five places of the window.</source>
        <translation>初次使用？导览会介绍窗口的五处。</translation>
    </message>
    <message>
        <source>Next</source>
        <translation>下一处</translation>
    </message>
    <message>
        <source>No KeypointGAN weights are installed. Train one: python main.py train keypointgan …, then choose the file here.</source>
        <translation>未安装 KeypointGAN 权重。请先训练：python main.py train keypointgan …，然后在此选择文件。</translation>
    </message>
    <message>
        <source>No camera answers. Playing the demo instead. Choose a source.</source>
        <translation>没有摄像头响应，改为播放演示。请选择来源。</translation>
    </message>
    <message>
        <source>No camera found</source>
        <translation>未找到摄像头</translation>
    </message>
    <message>
        <source>No demo clip found</source>
        <translation>未找到演示片段</translation>
    </message>
    <message>
        <source>No frame was predicted yet. Play the source for a while, then export.</source>
        <translation>还没有预测任何帧。请先播放来源一段时间，然后导出。</translation>
    </message>
    <message>
        <source>No person in the picture: this is the last one</source>
        <translation>画面中没有人：这是最后一个</translation>
    </message>
    <message>
        <source>No picture comes</source>
        <translation>没有画面</translation>
    </message>
    <message>
        <source>No picture yet</source>
        <translation>尚无画面</translation>
    </message>
    <message>
        <source>No profile yet</source>
        <translation>尚无档案</translation>
    </message>
    <message>
        <source>Nobody was found in "{name}". Nothing was changed; leave it out, or choose a video that shows the whole person.</source>
        <translation>在“{name}”中未找到人。未作任何改动；请去掉它，或选择能看到全身的视频。</translation>
    </message>
    <message>
        <source>Nothing has been learnt yet. Personalize for a while, then save.</source>
        <translation>还没有学到任何内容。请先个性化一段时间，然后保存。</translation>
    </message>
    <message>
        <source>Nothing has been learnt yet. Press Personalize (P) and let it run for a while, then save.</source>
        <translation>还没有学到任何内容。请按“个性化”（P）运行一段时间，然后保存。</translation>
    </message>
    <message>
        <source>Nothing leaves this machine, and no frame is stored: a profile holds only by how much the network's weights have changed.</source>
        <translation>任何内容都不会离开本机，也不保存任何画面：档案只包含网络权重的变化量。</translation>
    </message>
    <message>
        <source>Nothing to look at yet</source>
        <translation>还没有可看的内容</translation>
    </message>
    <message>
        <source>Nothing was recorded, for no picture came.</source>
        <translation>没有录制任何内容，因为没有画面。</translation>
    </message>
    <message>
        <source>Offline personalization</source>
        <translation>离线个性化</translation>
    </message>
    <message>
        <source>Offline rotation</source>
        <translation>离线旋转</translation>
    </message>
    <message>
        <source>Offline updates per frame</source>
        <translation>离线每帧更新数</translation>
    </message>
    <message>
        <source>Offline, so many updates are made per remembered frame.</source>
        <translation>离线时每个保留帧的更新次数。</translation>
    </message>
    <message>
        <source>Offline, this share of the pairs is turned (0 to 1).</source>
        <translation>离线时旋转的图片对比例（0 到 1）。</translation>
    </message>
    <message>
        <source>Offline…</source>
        <translation>离线…</translation>
    </message>
    <message>
        <source>On a black stage (rendered, for KeypointGAN)</source>
        <translation>黑色舞台（渲染，用于 KeypointGAN）</translation>
    </message>
    <message>
        <source>One moment</source>
        <translation>请稍候</translation>
    </message>
    <message>
        <source>Open a video…</source>
        <translation>打开视频…</translation>
    </message>
    <message>
        <source>Open a weight file of KeypointGAN</source>
        <translation>打开 KeypointGAN 权重文件</translation>
    </message>
    <message>
        <source>Open image folder</source>
        <translation>打开图片文件夹</translation>
    </message>
    <message>
        <source>Open image folder…</source>
        <translation>打开图片文件夹…</translation>
    </message>
    <message>
        <source>Open the menu of cameras and files</source>
        <translation>打开摄像头和文件菜单</translation>
    </message>
    <message>
        <source>Open video</source>
        <translation>打开视频</translation>
    </message>
    <message>
        <source>Open video…</source>
        <translation>打开视频…</translation>
    </message>
    <message>
        <source>Other people</source>
        <translation>其他人</translation>
    </message>
    <message>
        <source>Overlays</source>
        <translation>叠加层</translation>
    </message>
    <message>
        <source>Own settings</source>
        <translation>自定义设置</translation>
    </message>
    <message>
        <source>P&amp;rofiles</source>
        <translation>档案(&amp;R)</translation>
    </message>
    <message>
        <source>Pair it with any of all frames seen so far, or with recent ones only.</source>
        <translation>与所有已见帧配对，或只与最近的帧配对。</translation>
    </message>
    <message>
        <source>Passes</source>
        <translation>遍数</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>暂停</translation>
    </message>
    <message>
        <source>Perceptual network: VGG-16</source>
        <translation>感知网络：VGG-16</translation>
    </message>
    <message>
        <source>Person box</source>
        <translation>人物框</translation>
    </message>
    <message>
        <source>Person detector: MoveNet by Google</source>
        <translation>人物检测器：Google 的 MoveNet</translation>
    </message>
    <message>
        <source>Person mask: MediaPipe Selfie Segmentation by Google</source>
        <translation>人物掩膜：Google 的 MediaPipe Selfie Segmentation</translation>
    </message>
    <message>
        <source>Personalization</source>
        <translation>个性化</translation>
    </message>
    <message>
        <source>Personalization updates so far</source>
        <translation>至今的个性化更新次数</translation>
    </message>
    <message>
        <source>Personalize</source>
        <translation>个性化</translation>
    </message>
    <message>
        <source>Personalize for a while, then save what was learnt</source>
        <translation>先个性化一段时间，再保存所学内容</translation>
    </message>
    <message>
        <source>Personalized</source>
        <translation>已个性化</translation>
    </message>
    <message>
        <source>Picture alone</source>
        <translation>仅显示画面</translation>
    </message>
    <message>
        <source>Pictures (*.png);;Drawings (*.svg)</source>
        <translation>图片 (*.png);;矢量图 (*.svg)</translation>
    </message>
    <message>
        <source>Pictures of the person</source>
        <translation>此人的图片</translation>
    </message>
    <message>
        <source>Play</source>
        <translation>播放</translation>
    </message>
    <message>
        <source>Play a folder of images in the order of their names</source>
        <translation>按名称顺序播放图片文件夹</translation>
    </message>
    <message>
        <source>Play a video file</source>
        <translation>播放视频文件</translation>
    </message>
    <message>
        <source>Play or pause the source</source>
        <translation>播放或暂停来源</translation>
    </message>
    <message>
        <source>Play the demo</source>
        <translation>播放演示</translation>
    </message>
    <message>
        <source>Play the embedded clip</source>
        <translation>播放内置片段</translation>
    </message>
    <message>
        <source>Play the embedded clip {name}</source>
        <translation>播放内置片段 {name}</translation>
    </message>
    <message>
        <source>Play the file faster</source>
        <translation>加快播放</translation>
    </message>
    <message>
        <source>Play the file slower</source>
        <translation>放慢播放</translation>
    </message>
    <message>
        <source>Plots</source>
        <translation>曲线</translation>
    </message>
    <message>
        <source>Plots as picture…</source>
        <translation>曲线存为图片…</translation>
    </message>
    <message>
        <source>Position</source>
        <translation>位置</translation>
    </message>
    <message>
        <source>Position and length</source>
        <translation>位置与时长</translation>
    </message>
    <message>
        <source>Predicting could not be started again. {sentence}</source>
        <translation>无法重新开始预测。{sentence}</translation>
    </message>
    <message>
        <source>Predicting has stopped. Press Reset to start it again first.</source>
        <translation>预测已停止。请先按“重置”重新启动。</translation>
    </message>
    <message>
        <source>Predicting or personalizing failed ({error}). Press Reset to start it again.</source>
        <translation>预测或个性化失败（{error}）。请按“重置”重新启动。</translation>
    </message>
    <message>
        <source>Predicting starts again, with the trained weights.</source>
        <translation>预测以训练权重重新开始。</translation>
    </message>
    <message>
        <source>Predicting starts again, with what was learnt.</source>
        <translation>预测以所学内容重新开始。</translation>
    </message>
    <message>
        <source>Preset</source>
        <translation>预设</translation>
    </message>
    <message>
        <source>Press a key for {name}</source>
        <translation>为“{name}”按下按键</translation>
    </message>
    <message>
        <source>Profiles</source>
        <translation>档案</translation>
    </message>
    <message>
        <source>Profiles ({endings});;All files (*)</source>
        <translation>档案 ({endings});;所有文件 (*)</translation>
    </message>
    <message>
        <source>Put every panel back in its place</source>
        <translation>将所有面板放回原处</translation>
    </message>
    <message>
        <source>Put the keypoints back where they were predicted</source>
        <translation>将关键点放回预测位置</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>退出</translation>
    </message>
    <message>
        <source>Rates</source>
        <translation>速率</translation>
    </message>
    <message>
        <source>Reconstruction</source>
        <translation>重建</translation>
    </message>
    <message>
        <source>Reconstruction as picture…</source>
        <translation>重建存为图片…</translation>
    </message>
    <message>
        <source>Record</source>
        <translation>录制</translation>
    </message>
    <message>
        <source>Record the picture without loss, and the poses in it; click again to stop</source>
        <translation>完整录制画面及其中的姿态；再次点击停止</translation>
    </message>
    <message>
        <source>Recorded {seconds} s ({frames} frames) to {folder}.</source>
        <translation>已录制 {seconds} 秒（{frames} 帧）到 {folder}。</translation>
    </message>
    <message>
        <source>Recorded {seconds} s ({frames} frames, {lost} frames lost) to {folder}.</source>
        <translation>已录制 {seconds} 秒（{frames} 帧，丢失 {lost} 帧）到 {folder}。</translation>
    </message>
    <message>
        <source>Recording failed: {error}.</source>
        <translation>录制失败：{error}。</translation>
    </message>
    <message>
        <source>Recover</source>
        <translation>恢复</translation>
    </message>
    <message>
        <source>Recovered {seconds} s ({frames} frames) in {folder}.</source>
        <translation>已在 {folder} 恢复 {seconds} 秒（{frames} 帧）。</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>移除</translation>
    </message>
    <message>
        <source>Remove a profile from this machine</source>
        <translation>从本机删除档案</translation>
    </message>
    <message>
        <source>Rename</source>
        <translation>重命名</translation>
    </message>
    <message>
        <source>Rename a profile</source>
        <translation>重命名档案</translation>
    </message>
    <message>
        <source>Rename…</source>
        <translation>重命名…</translation>
    </message>
    <message>
        <source>Rendered demo clips</source>
        <translation>渲染的演示片段</translation>
    </message>
    <message>
        <source>Replace</source>
        <translation>替换</translation>
    </message>
    <message>
        <source>Reset</source>
        <translation>重置</translation>
    </message>
    <message>
        <source>Reset every</source>
        <translation>重置间隔</translation>
    </message>
    <message>
        <source>Reset layout</source>
        <translation>重置布局</translation>
    </message>
    <message>
        <source>Reset on cut</source>
        <translation>切换时重置</translation>
    </message>
    <message>
        <source>Reset to defaults</source>
        <translation>恢复默认</translation>
    </message>
    <message>
        <source>Rotations</source>
        <translation>旋转</translation>
    </message>
    <message>
        <source>Running means</source>
        <translation>滑动均值</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>保存</translation>
    </message>
    <message>
        <source>Save as…</source>
        <translation>另存为…</translation>
    </message>
    <message>
        <source>Save what was learnt</source>
        <translation>保存所学内容</translation>
    </message>
    <message>
        <source>Saved {date} UTC</source>
        <translation>保存于 {date} UTC</translation>
    </message>
    <message>
        <source>Scope</source>
        <translation>范围</translation>
    </message>
    <message>
        <source>See all cameras…</source>
        <translation>查看所有摄像头…</translation>
    </message>
    <message>
        <source>See what it sees</source>
        <translation>看它所见</translation>
    </message>
    <message>
        <source>Self weight</source>
        <translation>自监督权重</translation>
    </message>
    <message>
        <source>Self-supervised keypoints</source>
        <translation>自监督关键点</translation>
    </message>
    <message>
        <source>Self-supervised loss per update</source>
        <translation>每次更新的自监督损失</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>设置</translation>
    </message>
    <message>
        <source>Settings…</source>
        <translation>设置…</translation>
    </message>
    <message>
        <source>Shortcuts</source>
        <translation>快捷键</translation>
    </message>
    <message>
        <source>Show or hide the panel that reads and redraws the person</source>
        <translation>显示或隐藏识别并重绘此人的面板</translation>
    </message>
    <message>
        <source>Show or hide the panel {name}</source>
        <translation>显示或隐藏面板“{name}”</translation>
    </message>
    <message>
        <source>Show the frame before</source>
        <translation>显示上一帧</translation>
    </message>
    <message>
        <source>Show the next frame</source>
        <translation>显示下一帧</translation>
    </message>
    <message>
        <source>Show the picture as a mirror would (M).</source>
        <translation>像镜子一样显示画面（M）。</translation>
    </message>
    <message>
        <source>Show the picture as a mirror would; results stay as they are</source>
        <translation>像镜子一样显示画面；结果不变</translation>
    </message>
    <message>
        <source>Show what the network sees and learns, or the person alone</source>
        <translation>显示网络所见所学，或只显示人</translation>
    </message>
    <message>
        <source>Shows the points that the network found itself, how they make up the joints, and the pictures that it learns from. E comes back to this view.</source>
        <translation>显示网络自己找到的点、它们如何构成关节，以及用于学习的图片。按 E 返回此视图。</translation>
    </message>
    <message>
        <source>Skeleton</source>
        <translation>骨架</translation>
    </message>
    <message>
        <source>Skip</source>
        <translation>跳过</translation>
    </message>
    <message>
        <source>Slower</source>
        <translation>减速</translation>
    </message>
    <message>
        <source>Smoothing</source>
        <translation>平滑</translation>
    </message>
    <message>
        <source>So many pairs of pictures are learnt from in one update.</source>
        <translation>每次更新学习的图片对数。</translation>
    </message>
    <message>
        <source>So many steps are made on each batch.</source>
        <translation>每批的步数。</translation>
    </message>
    <message>
        <source>Something went wrong in the window ({error}). You can go on; the details are in {log}.</source>
        <translation>窗口出现问题（{error}）。您可以继续；详情见 {log}。</translation>
    </message>
    <message>
        <source>Source</source>
        <translation>来源</translation>
    </message>
    <message>
        <source>Source box</source>
        <translation>来源框</translation>
    </message>
    <message>
        <source>Source, target, result of update {number}</source>
        <translation>第 {number} 次更新的来源、目标与结果</translation>
    </message>
    <message>
        <source>Sources</source>
        <translation>来源帧</translation>
    </message>
    <message>
        <source>Speed</source>
        <translation>速度</translation>
    </message>
    <message>
        <source>Start</source>
        <translation>开始</translation>
    </message>
    <message>
        <source>Steady</source>
        <translation>稳健</translation>
    </message>
    <message>
        <source>Steady what is drawn over the picture; results and recordings stay as predicted</source>
        <translation>稳定画面上的绘制；结果和录制保持预测原样</translation>
    </message>
    <message>
        <source>Steady what is drawn; results and recordings stay as predicted (S).</source>
        <translation>稳定绘制内容；结果和录制保持预测原样（S）。</translation>
    </message>
    <message>
        <source>Stop {time}</source>
        <translation>停止 {time}</translation>
    </message>
    <message>
        <source>Tables (*.csv)</source>
        <translation>表格 (*.csv)</translation>
    </message>
    <message>
        <source>Take in a profile from a file</source>
        <translation>从文件导入档案</translation>
    </message>
    <message>
        <source>Take this frame</source>
        <translation>取此帧</translation>
    </message>
    <message>
        <source>Target-source pairs learnt from in a second</source>
        <translation>每秒学习的目标-来源对</translation>
    </message>
    <message>
        <source>Targets</source>
        <translation>目标</translation>
    </message>
    <message>
        <source>Teacher</source>
        <translation>教师</translation>
    </message>
    <message>
        <source>The camera "{camera}" does not answer. Unplug it and plug it in again, or choose another one.</source>
        <translation>摄像头“{camera}”没有响应。请拔下后重新插上，或选择其他摄像头。</translation>
    </message>
    <message>
        <source>The camera "{camera}" is there but does not open. Close other programs that use it and check that this one may use the camera, or choose another one.</source>
        <translation>摄像头“{camera}”存在，但无法打开。请关闭占用它的其他程序，并检查本程序是否有权使用摄像头，或选择其他摄像头。</translation>
    </message>
    <message>
        <source>The camera "{camera}" opens but sends no picture. Unplug it and plug it in again, or choose another one.</source>
        <translation>摄像头“{camera}”可以打开，但没有发送画面。请拔下后重新插上，或选择其他摄像头。</translation>
    </message>
    <message>
        <source>The camera "{camera}" was asked for, but no camera was found. Connect one, and check that it is switched on and not held back by privacy settings.</source>
        <translation>请求了摄像头“{camera}”，但未找到任何摄像头。请连接摄像头，并检查它是否已打开、未被隐私设置阻止。</translation>
    </message>
    <message>
        <source>The cameras cannot be listed ({error}).</source>
        <translation>无法列出摄像头（{error}）。</translation>
    </message>
    <message>
        <source>The diagnostics are in the clipboard. Paste them into your report; no picture is in them.</source>
        <translation>诊断信息已在剪贴板中。请粘贴到报告中；其中不含图片。</translation>
    </message>
    <message>
        <source>The file does not say how long it is</source>
        <translation>文件未说明时长</translation>
    </message>
    <message>
        <source>The first picture is on its way.</source>
        <translation>第一幅画面即将到来。</translation>
    </message>
    <message>
        <source>The folder "{path}" holds no pictures. Give a folder with files that end in {endings}.</source>
        <translation>文件夹“{path}”中没有图片。请给出含有 {endings} 文件的文件夹。</translation>
    </message>
    <message>
        <source>The learning rate rises over so many updates.</source>
        <translation>学习率在这么多次更新内上升。</translation>
    </message>
    <message>
        <source>The memory of the graphics card does not suffice. The processor goes on, with what was learnt; it is slower.</source>
        <translation>显卡内存不足。改由处理器带着所学内容继续运行，速度较慢。</translation>
    </message>
    <message>
        <source>The name under which the profile is kept</source>
        <translation>保存档案所用的名字</translation>
    </message>
    <message>
        <source>The network is being written; this takes a while.</source>
        <translation>正在写出网络，需要一些时间。</translation>
    </message>
    <message>
        <source>The network was not written ({error}). Try again.</source>
        <translation>网络未能写出（{error}）。请重试。</translation>
    </message>
    <message>
        <source>The network {network} has no self-supervised task and cannot be personalized. Start with --weights of another variant.</source>
        <translation>网络 {network} 没有自监督任务，无法个性化。请用 --weights 启动其他变体。</translation>
    </message>
    <message>
        <source>The network, as trained, is written to {path}</source>
        <translation>训练原样的网络已写入 {path}</translation>
    </message>
    <message>
        <source>The network, personalized by {updates} updates, is written to {path}</source>
        <translation>经 {updates} 次更新个性化的网络已写入 {path}</translation>
    </message>
    <message>
        <source>The next place (right arrow)</source>
        <translation>下一处（右箭头）</translation>
    </message>
    <message>
        <source>The paper's setting: everything at 1e-4, 32 pairs per update; makes the network in the box worse</source>
        <translation>论文设置：全部参数 1e-4，每次更新 32 对；会使内置网络变差</translation>
    </message>
    <message>
        <source>The paper's task with small steps on the last layers only</source>
        <translation>论文任务，仅在最后几层以小步更新</translation>
    </message>
    <message>
        <source>The picture cannot be written to {path}: its name ends in neither .png nor .svg. Give it one of these endings.</source>
        <translation>无法将图片写入 {path}：文件名既不以 .png 也不以 .svg 结尾。请使用其中一种扩展名。</translation>
    </message>
    <message>
        <source>The place before (left arrow)</source>
        <translation>上一处（左箭头）</translation>
    </message>
    <message>
        <source>The pose, live</source>
        <translation>实时姿态</translation>
    </message>
    <message>
        <source>The predicted joints; opacity is confidence</source>
        <translation>预测的关节；不透明度表示置信度</translation>
    </message>
    <message>
        <source>The processor {title} failed ({error}) and was not closed.</source>
        <translation>处理程序 {title} 出错（{error}），未能关闭。</translation>
    </message>
    <message>
        <source>The processor {title} failed ({error}) and was switched off.</source>
        <translation>处理程序 {title} 出错（{error}），已被关闭。</translation>
    </message>
    <message>
        <source>The profile "{name}" is loaded: {updates}.</source>
        <translation>已载入档案“{name}”：{updates}。</translation>
    </message>
    <message>
        <source>The profile "{name}" is not there any more.</source>
        <translation>档案“{name}”已不存在。</translation>
    </message>
    <message>
        <source>The profile "{name}" is saved.</source>
        <translation>档案“{name}”已保存。</translation>
    </message>
    <message>
        <source>The profile "{name}" is written to {path}</source>
        <translation>档案“{name}”已写入 {path}</translation>
    </message>
    <message>
        <source>The program ended before a recording was finished: {names}. What shall become of it?</source>
        <translation>程序在录制完成前结束：{names}。要如何处理？</translation>
    </message>
    <message>
        <source>The program ended before these recordings were finished: {names}. What shall become of them?</source>
        <translation>程序在以下录制完成前结束：{names}。要如何处理？</translation>
    </message>
    <message>
        <source>The rotation variant turns targets in four directions, or in one.</source>
        <translation>旋转变体将目标转向四个方向或一个方向。</translation>
    </message>
    <message>
        <source>The setting {name} was "{text}"; it must be a number.</source>
        <translation>设置 {name} 为“{text}”；必须是数字。</translation>
    </message>
    <message>
        <source>The setting {name} was "{text}"; it must be a whole number.</source>
        <translation>设置 {name} 为“{text}”；必须是整数。</translation>
    </message>
    <message>
        <source>The setting {name} was {value}; it must be 0 or more.</source>
        <translation>设置 {name} 为 {value}；必须大于或等于 0。</translation>
    </message>
    <message>
        <source>The setting {name} was {value}; it must be from {least} to {most}.</source>
        <translation>设置 {name} 为 {value}；必须在 {least} 到 {most} 之间。</translation>
    </message>
    <message>
        <source>The setting {name} was {value}; it must be in {range}.</source>
        <translation>设置 {name} 为 {value}；必须在 {range} 内。</translation>
    </message>
    <message>
        <source>The settings self_weight and consistency were both 0, and nothing would be learnt. Give at least one of them a weight.</source>
        <translation>设置 self_weight 和 consistency 都为 0，什么也学不到。请至少给其中一个赋予权重。</translation>
    </message>
    <message>
        <source>The source cannot be opened ({error}).</source>
        <translation>无法打开来源（{error}）。</translation>
    </message>
    <message>
        <source>The source cannot be read ({error}). Check it, or choose another one.</source>
        <translation>无法读取来源（{error}）。请检查，或选择其他来源。</translation>
    </message>
    <message>
        <source>The source does not answer. Check that it is connected and not in use by another program, or choose another source.</source>
        <translation>来源没有响应。请检查其是否已连接且未被其他程序占用，或选择其他来源。</translation>
    </message>
    <message>
        <source>The source does not answer. Choose another one.</source>
        <translation>来源没有响应。请选择其他来源。</translation>
    </message>
    <message>
        <source>The source stopped: {error}.</source>
        <translation>来源已停止：{error}。</translation>
    </message>
    <message>
        <source>The square that the network sees</source>
        <translation>网络看到的方框</translation>
    </message>
    <message>
        <source>The teacher is asked of so many frames before and after too (0: none, up to 8).</source>
        <translation>教师还参考前后这么多帧（0：无，最多 8）。</translation>
    </message>
    <message>
        <source>How much answers for frames before count, carried along by motion (0: not, below 1).</source>
        <translation>先前各帧的结果沿运动延续后所占的比重（0：不使用，小于 1）。</translation>
    </message>
    <message>
        <source>The unfinished recording stays in {folder}.</source>
        <translation>未完成的录制保留在 {folder}。</translation>
    </message>
    <message>
        <source>The value of the paper and its released code</source>
        <translation>论文及其公开代码的取值</translation>
    </message>
    <message>
        <source>The video can be played as it is. Recover adds the files of poses that a finished recording has; Keep changes nothing and does not ask again.</source>
        <translation>视频可以直接播放。“恢复”会补上完整录制应有的姿态文件；“保留”不作改动，也不再询问。</translation>
    </message>
    <message>
        <source>There is a profile "{name}" already. Choose another name, or delete that one first.</source>
        <translation>已有档案“{name}”。请选择其他名字，或先删除原有档案。</translation>
    </message>
    <message>
        <source>There is a profile of this name.</source>
        <translation>已有同名档案。</translation>
    </message>
    <message>
        <source>There is no camera "{camera}". Choose one of: {cameras}.</source>
        <translation>没有摄像头“{camera}”。请从以下选择：{cameras}。</translation>
    </message>
    <message>
        <source>There is no file "{path}". Give the path of a video file that exists.</source>
        <translation>文件“{path}”不存在。请给出存在的视频文件的路径。</translation>
    </message>
    <message>
        <source>There is no folder "{path}". Give a folder that holds pictures.</source>
        <translation>文件夹“{path}”不存在。请给出含有图片的文件夹。</translation>
    </message>
    <message>
        <source>There is no profile yet. Personalize, then save what was learnt.</source>
        <translation>还没有档案。请先个性化，然后保存所学内容。</translation>
    </message>
    <message>
        <source>They are listed in a moment</source>
        <translation>稍后列出</translation>
    </message>
    <message>
        <source>Thin skeletons of whoever is not followed; click one to follow it</source>
        <translation>未跟踪者的细骨架；点击即可跟踪</translation>
    </message>
    <message>
        <source>This file cannot be read</source>
        <translation>无法读取此文件</translation>
    </message>
    <message>
        <source>This machine manages {rate} predictions a second while it learns: switch Personalize off once the pose fits, or choose a smaller batch size in Settings.</source>
        <translation>本机学习时每秒可完成 {rate} 次预测：姿态合适后请关闭个性化，或在设置中选择更小的批大小。</translation>
    </message>
    <message>
        <source>This machine manages {rate} predictions a second: close other programs, play files slower, or start with --weights of a lighter network.</source>
        <translation>本机每秒可完成 {rate} 次预测：请关闭其他程序、放慢文件播放，或用 --weights 启动更轻的网络。</translation>
    </message>
    <message>
        <source>This network has no affinity transformer</source>
        <translation>此网络没有亲和变换器</translation>
    </message>
    <message>
        <source>This point informs that joint</source>
        <translation>此点影响该关节</translation>
    </message>
    <message>
        <source>This program's own licence is in the file LICENSE. It is built with</source>
        <translation>本程序自身的许可见文件 LICENSE。它使用了</translation>
    </message>
    <message>
        <source>This share of the sources is turned apart from its targets (0 to 1).</source>
        <translation>此比例的来源独立于目标旋转（0 到 1）。</translation>
    </message>
    <message>
        <source>Those of the dialog Settings, where they are no preset's</source>
        <translation>“设置”对话框中不属于任何预设的值</translation>
    </message>
    <message>
        <source>Time from capture to result; 95 of 100 results are faster</source>
        <translation>从采集到结果的时间；95% 的结果更快</translation>
    </message>
    <message>
        <source>Toolbar</source>
        <translation>工具栏</translation>
    </message>
    <message>
        <source>Tour</source>
        <translation>导览</translation>
    </message>
    <message>
        <source>Trained share</source>
        <translation>训练网络的份额</translation>
    </message>
    <message>
        <source>Turn and scale pairs as published, or a third as much.</source>
        <translation>按论文旋转和缩放，或只用三分之一。</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>撤销</translation>
    </message>
    <message>
        <source>Undo reset</source>
        <translation>撤销重置</translation>
    </message>
    <message>
        <source>Undo the drags</source>
        <translation>撤销拖动</translation>
    </message>
    <message>
        <source>Unfinished recording</source>
        <translation>未完成的录制</translation>
    </message>
    <message>
        <source>Unfinished recordings</source>
        <translation>未完成的录制</translation>
    </message>
    <message>
        <source>Update time</source>
        <translation>更新时间</translation>
    </message>
    <message>
        <source>Use and remember these settings</source>
        <translation>使用并记住这些设置</translation>
    </message>
    <message>
        <source>Use as appearance</source>
        <translation>用作外观</translation>
    </message>
    <message>
        <source>Versions, device, cameras and the newest errors, as text for a report; no pictures</source>
        <translation>版本、设备、摄像头及最新错误的文本，用于报告；不含图片</translation>
    </message>
    <message>
        <source>Videos ({endings});;All files (*)</source>
        <translation>视频 ({endings});;所有文件 (*)</translation>
    </message>
    <message>
        <source>Videos of one person; each is learnt from once</source>
        <translation>同一个人的视频；每段只学习一次</translation>
    </message>
    <message>
        <source>Views</source>
        <translation>视图</translation>
    </message>
    <message>
        <source>Warm up</source>
        <translation>预热</translation>
    </message>
    <message>
        <source>Weight of agreeing with the mirror image; 0: not done.</source>
        <translation>与镜像一致的权重；0：不做。</translation>
    </message>
    <message>
        <source>Weight of the paper's task, repainting one frame from another; 0: not done.</source>
        <translation>论文任务（由一帧重绘另一帧）的权重；0：不做。</translation>
    </message>
    <message>
        <source>Weights (*.safetensors);;All files (*)</source>
        <translation>权重 (*.safetensors);;所有文件 (*)</translation>
    </message>
    <message>
        <source>What cameras are asked for; the status bar says what they deliver</source>
        <translation>向摄像头请求的模式；状态栏显示实际模式</translation>
    </message>
    <message>
        <source>What has no room in the bar</source>
        <translation>工具栏放不下的内容</translation>
    </message>
    <message>
        <source>What is learnt from</source>
        <translation>学习的内容</translation>
    </message>
    <message>
        <source>What is updated: all, features, the last layers (deconvolutions), or the last alone.</source>
        <translation>更新的部分：全部、特征、最后几层（反卷积），或仅最后一层。</translation>
    </message>
    <message>
        <source>What is wrong</source>
        <translation>错误之处</translation>
    </message>
    <message>
        <source>What the unchanged network predicts, in grey</source>
        <translation>未改变的网络的预测，灰色</translation>
    </message>
    <message>
        <source>What the window speaks, from its next start on.</source>
        <translation>窗口使用的语言，下次启动生效。</translation>
    </message>
    <message>
        <source>What this program is made of</source>
        <translation>本程序的组成</translation>
    </message>
    <message>
        <source>What to set</source>
        <translation>要设置的内容</translation>
    </message>
    <message>
        <source>Where the loss is below this, steps are shorter in proportion (0: never).</source>
        <translation>损失低于此值时，步长按比例缩短（0：从不）。</translation>
    </message>
    <message>
        <source>Who gets every result</source>
        <translation>接收每个结果者</translation>
    </message>
    <message>
        <source>Whole step loss</source>
        <translation>完整步长所需损失</translation>
    </message>
    <message>
        <source>Why a key was refused</source>
        <translation>按键被拒绝的原因</translation>
    </message>
    <message>
        <source>Window</source>
        <translation>窗口</translation>
    </message>
    <message>
        <source>Without personalization</source>
        <translation>未个性化</translation>
    </message>
    <message>
        <source>Write a copy of a profile to a file</source>
        <translation>将档案副本写入文件</translation>
    </message>
    <message>
        <source>Write pictures, keypoints or the network</source>
        <translation>写出图片、关键点或网络</translation>
    </message>
    <message>
        <source>Write the keypoints of all frames of this source so far</source>
        <translation>写出此来源至今所有帧的关键点</translation>
    </message>
    <message>
        <source>Write the keypoints of all frames of this source so far, a row per frame</source>
        <translation>写出此来源至今所有帧的关键点，每帧一行</translation>
    </message>
    <message>
        <source>Write the network, personalized as it is now, for other programs</source>
        <translation>写出当前个性化的网络，供其他程序使用</translation>
    </message>
    <message>
        <source>Write the panel {panel} as it is now, as PNG or SVG</source>
        <translation>将面板“{panel}”当前内容写为 PNG 或 SVG</translation>
    </message>
    <message>
        <source>Written to {path}</source>
        <translation>已写入 {path}</translation>
    </message>
    <message>
        <source>all</source>
        <translation>全部</translation>
    </message>
    <message>
        <source>an update of {pairs} pairs takes about {update} s and a frame comes every {frame} s</source>
        <translation>{pairs} 对的一次更新约需 {update} 秒，每 {frame} 秒到来一帧</translation>
    </message>
    <message>
        <source>average</source>
        <translation>平均</translation>
    </message>
    <message>
        <source>carried</source>
        <translation>延续</translation>
    </message>
    <message>
        <source>colour: how much it adds to the joints</source>
        <translation>颜色：对关节的贡献</translation>
    </message>
    <message>
        <source>colour: the weight of that point</source>
        <translation>颜色：该点的权重</translation>
    </message>
    <message>
        <source>compact</source>
        <translation>紧凑</translation>
    </message>
    <message>
        <source>contribution</source>
        <translation>贡献</translation>
    </message>
    <message>
        <source>current</source>
        <translation>当前</translation>
    </message>
    <message>
        <source>deconvolutions</source>
        <translation>反卷积层</translation>
    </message>
    <message>
        <source>dropped</source>
        <translation>丢弃</translation>
    </message>
    <message>
        <source>error {percent} %</source>
        <translation>误差 {percent} %</translation>
    </message>
    <message>
        <source>features</source>
        <translation>特征层</translation>
    </message>
    <message>
        <source>finding the person</source>
        <translation>正在寻找人物</translation>
    </message>
    <message>
        <source>four</source>
        <translation>四个</translation>
    </message>
    <message>
        <source>frozen</source>
        <translation>已冻结</translation>
    </message>
    <message>
        <source>held back</source>
        <translation>暂缓</translation>
    </message>
    <message>
        <source>jitter {percent} %</source>
        <translation>抖动 {percent} %</translation>
    </message>
    <message>
        <source>keypoint</source>
        <translation>个关键点</translation>
    </message>
    <message>
        <source>keypoints</source>
        <translation>个关键点</translation>
    </message>
    <message>
        <source>last</source>
        <translation>最后一层</translation>
    </message>
    <message>
        <source>latency</source>
        <translation>延迟</translation>
    </message>
    <message>
        <source>learning</source>
        <translation>正在学习</translation>
    </message>
    <message>
        <source>mean</source>
        <translation>均值</translation>
    </message>
    <message>
        <source>mild</source>
        <translation>轻度</translation>
    </message>
    <message>
        <source>no label taught it</source>
        <translation>未经标注学习</translation>
    </message>
    <message>
        <source>now</source>
        <translation>现在</translation>
    </message>
    <message>
        <source>off</source>
        <translation>关</translation>
    </message>
    <message>
        <source>offline {percent}%</source>
        <translation>离线 {percent}%</translation>
    </message>
    <message>
        <source>offline · starting</source>
        <translation>离线 · 开始</translation>
    </message>
    <message>
        <source>on</source>
        <translation>开</translation>
    </message>
    <message>
        <source>one</source>
        <translation>一个</translation>
    </message>
    <message>
        <source>own</source>
        <translation>自身</translation>
    </message>
    <message>
        <source>pairs/s</source>
        <translation>对/秒</translation>
    </message>
    <message>
        <source>paper: {value}</source>
        <translation>论文：{value}</translation>
    </message>
    <message>
        <source>paused</source>
        <translation>已暂停</translation>
    </message>
    <message>
        <source>per pair</source>
        <translation>每对</translation>
    </message>
    <message>
        <source>personalized</source>
        <translation>个性化</translation>
    </message>
    <message>
        <source>personalizing</source>
        <translation>个性化中</translation>
    </message>
    <message>
        <source>prediction only</source>
        <translation>仅预测</translation>
    </message>
    <message>
        <source>predictions/s</source>
        <translation>次预测/秒</translation>
    </message>
    <message>
        <source>published</source>
        <translation>按论文</translation>
    </message>
    <message>
        <source>random</source>
        <translation>随机</translation>
    </message>
    <message>
        <source>recent</source>
        <translation>最近</translation>
    </message>
    <message>
        <source>reconstruction</source>
        <translation>重建</translation>
    </message>
    <message>
        <source>redrawn</source>
        <translation>重绘</translation>
    </message>
    <message>
        <source>restarted</source>
        <translation>重新开始</translation>
    </message>
    <message>
        <source>same</source>
        <translation>不变</translation>
    </message>
    <message>
        <source>skeleton</source>
        <translation>骨架</translation>
    </message>
    <message>
        <source>source</source>
        <translation>来源</translation>
    </message>
    <message>
        <source>starting</source>
        <translation>正在开始</translation>
    </message>
    <message>
        <source>stopped by an error</source>
        <translation>因错误停止</translation>
    </message>
    <message>
        <source>strict</source>
        <translation>严格</translation>
    </message>
    <message>
        <source>system</source>
        <translation>跟随系统</translation>
    </message>
    <message>
        <source>target</source>
        <translation>目标</translation>
    </message>
    <message>
        <source>to {names}</source>
        <translation>发送至 {names}</translation>
    </message>
    <message>
        <source>trained</source>
        <translation>训练原样</translation>
    </message>
    <message>
        <source>two lanes</source>
        <translation>双通道</translation>
    </message>
    <message>
        <source>undone by the guard</source>
        <translation>被守护撤销</translation>
    </message>
    <message>
        <source>update</source>
        <translation>次更新</translation>
    </message>
    <message>
        <source>updates</source>
        <translation>次更新</translation>
    </message>
    <message>
        <source>video</source>
        <translation>个视频</translation>
    </message>
    <message>
        <source>videos</source>
        <translation>个视频</translation>
    </message>
    <message>
        <source>weight</source>
        <translation>权重</translation>
    </message>
    <message>
        <source>weights CC BY 4.0, torchvision BSD-3-Clause</source>
        <translation>权重 CC BY 4.0，torchvision BSD-3-Clause</translation>
    </message>
    <message>
        <source>whole</source>
        <translation>整帧</translation>
    </message>
    <message>
        <source>without</source>
        <translation>未个性化</translation>
    </message>
    <message>
        <source>{camera} has sent the very same picture for {seconds} seconds.</source>
        <translation>{camera} 已有 {seconds} 秒发送同一画面。</translation>
    </message>
    <message>
        <source>{camera} has stopped sending pictures.</source>
        <translation>{camera} 已停止发送画面。</translation>
    </message>
    <message>
        <source>{camera} is back.</source>
        <translation>{camera} 已恢复。</translation>
    </message>
    <message>
        <source>{count} frames</source>
        <translation>{count} 帧</translation>
    </message>
    <message>
        <source>{count} frames that were not learnt from</source>
        <translation>{count} 个未用于学习的帧</translation>
    </message>
    <message>
        <source>{joints} joints × {keypoints} self-supervised keypoints</source>
        <translation>{joints} 个关节 × {keypoints} 个自监督关键点</translation>
    </message>
    <message>
        <source>{key} belongs to {owner} already. Give {owner} another key first.</source>
        <translation>{key} 已属于“{owner}”。请先为“{owner}”指定其他按键。</translation>
    </message>
    <message>
        <source>{names} and {count} more</source>
        <translation>{names}，以及另外 {count} 个</translation>
    </message>
    <message>
        <source>{name} from keypoint {number}: {weight}</source>
        <translation>{name} 来自关键点 {number}：{weight}</translation>
    </message>
    <message>
        <source>{name}: {before} %, then {after} %</source>
        <translation>{name}：{before} %，之后 {after} %</translation>
    </message>
    <message>
        <source>{place} of {count}</source>
        <translation>{place} / {count}</translation>
    </message>
    <message>
        <source>{sentence} Trying to reconnect.</source>
        <translation>{sentence}正在尝试重新连接。</translation>
    </message>
    <message>
        <source>{time} left</source>
        <translation>剩余 {time}</translation>
    </message>
    <message>
        <source>{width} × {height}, {fps} pictures/s</source>
        <translation>{width} × {height}，{fps} 帧/秒</translation>
    </message>
</context>
</TS>
